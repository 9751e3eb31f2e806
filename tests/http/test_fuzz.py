"""Rules 4 and 36: every route, with what schemathesis makes of the OpenAPI document, right and wrong.

Whatever comes: no 5xx, an answer of which the document tells, a problem with a code that the document names for the
route, nothing of the input in it, and nobody else notices.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, reject
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import APIOperation

from support.bad_input import JSON, assert_problem
from support.frames import SPOILT
from support.fuzzing import Target, target
from support.proving import count, examples
from support.scene import Scene
from support.web import NO_SERVICES
from tertulia.http.api import build_api
from tertulia.http.openapi import openapi_document

BASE = "http://127.0.0.1:8000"
DOCUMENT = openapi_document(build_api(NO_SERVICES))
Operation = APIOperation[Any, Any, Any, Any]
Sent = Case[Any]
FOUND: list[Any] = [*schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
OPERATIONS: dict[str, Operation] = {found.ok().label: found.ok() for found in FOUND}
load_all_checks()
JUDGES: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
ANYBODY = ["owner", "member", "stranger", "staff", "key", "nobody"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target(tmp_path_factory.mktemp("fuzz")) as world:
        yield world


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_route(label: str, world: Target) -> None:
    operation = OPERATIONS[label]
    here: Scene = world.run(world.renew())
    usual = "key" if "/server/" in label else "staff" if "/staff/" in label else "owner"

    @examples(6, 1, many=200)
    @given(cases(operation), st.sampled_from([usual] * 6 + ANYBODY), st.data())
    def ask(case: Sent, who: str, data: st.DataObject) -> None:
        aim(case, here, data)
        request = request_of(case, None if who == "nobody" else here.token(who), spoilt(case.body, data))
        judge(case, operation, world.run(world.node.http.send(request)))
        count("requests")

    ask()
    world.run(world.check())


def cases(operation: Operation) -> st.SearchStrategy[Sent]:
    return st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode))


def aim(case: Sent, here: Scene, data: st.DataObject) -> None:
    """Most ids lead somewhere."""
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            for kind in sorted(here.names.keys() & place.keys()):
                if data.draw(st.integers(0, 3)):
                    place[kind] = data.draw(st.sampled_from(here.names[kind]))


def spoilt(body: Any, data: st.DataObject) -> Any:
    """One field of it is something else. Not in the case itself: schemathesis looks at that again."""
    if isinstance(body, dict) and body and data.draw(st.booleans()):
        return {**body, data.draw(st.sampled_from(sorted(body))): data.draw(st.sampled_from(SPOILT))}
    return body


def request_of(case: Sent, token: str | None, body: Any) -> httpx.Request:
    """As schemathesis would send it; but JSON may hold what JSON does not have."""
    sent = case.as_transport_kwargs(base_url=BASE)
    headers = {name.lower(): value for name, value in sent.pop("headers").items()}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    content = sent.pop("data", None)
    if "json" in sent:
        del sent["json"]
        content = json.dumps(body).encode()
    if content is not None:
        headers.setdefault("content-type", JSON)
    raw = [(name.encode("latin-1"), str(value).encode("latin-1", "replace")) for name, value in headers.items()]
    try:
        return httpx.Request(headers=raw, content=content, **sent)
    except httpx.InvalidURL:  # longer than our client sends; for what the server does with those: test_bad_heads.py
        reject()


def judge(case: Sent, operation: Operation, response: httpx.Response) -> None:
    case.validate_response(response, checks=JUDGES)
    if response.status_code >= 400:
        assert_problem(response, response.status_code, *codes(operation, response.status_code))


def codes(operation: Operation, status: int) -> list[str]:
    """That the document names for this status of the route, and for every route."""
    documented = DOCUMENT["paths"][operation.path][operation.method]["responses"].get(str(status), {})
    texts = [documented.get("description", ""), DOCUMENT["components"]["responses"]["Problem"]["description"]]
    return re.findall(r"`(\w+)`:", " ".join(texts))
