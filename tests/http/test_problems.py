"""Whatever is sent, the answer is a problem."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import Field

from support.bad_input import SECRET, Bad, assert_problem, bad_bodies
from support.web import NO_SERVICES
from tertulia.domain.errors import Rejection
from tertulia.http.api import build_api
from tertulia.protocol.fields import Index, Strict, Text

NAME = Annotated[Text, Field(min_length=1, max_length=100)]


class Thing(Strict):
    name: NAME
    count: Index = 1


VALID: dict[str, Any] = {"name": "Lamp", "count": 3}
router = APIRouter()


@router.get("/things/{number}")
async def get_thing(number: Annotated[Index, Path()], q: Annotated[Text, Query(max_length=50)] = "") -> dict[str, Any]:
    return {"number": number, "q": q}


@router.put("/things/{number}")
async def put_thing(number: Annotated[Index, Path()], thing: Thing) -> dict[str, Any]:
    return {"number": number, "name": thing.name}


@router.post("/things")
async def post_thing(thing: Thing) -> dict[str, Any]:
    return {"name": thing.name, "count": thing.count}


@router.post("/refuse/{code}")
async def refuse(code: str) -> None:
    raise Rejection(code, "Not now.", retry_after=1.2, field="name")


@router.get("/http/{status}")
async def raise_http(status: int) -> None:
    raise HTTPException(status, detail=SECRET)


@router.post("/raw")
async def read_raw(request: Request) -> None:
    await request.body()
    raise AssertionError(SECRET)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    api = build_api(NO_SERVICES)
    api.include_router(router, prefix="/test")
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/test") as client:
        yield client


async def test_a_good_body_is_taken(http: httpx.AsyncClient) -> None:
    response = await http.post("/things", json=VALID)
    assert response.json() == VALID


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"])
async def test_json_by_other_names(http: httpx.AsyncClient, content_type: str) -> None:
    response = await http.post("/things", content=b'{"name":"Lamp"}', headers={"content-type": content_type})
    assert response.status_code == 200


@pytest.mark.parametrize("bad", bad_bodies(VALID, text="name", number="count"), ids=str)
async def test_a_bad_body(http: httpx.AsyncClient, bad: Bad) -> None:
    """Rule 36."""
    assert_problem(await http.post("/things", content=bad.content, headers=bad.headers), bad.status, *bad.codes)


async def test_fields_say_what_is_wrong(http: httpx.AsyncClient) -> None:
    response = await http.post("/things", json={"name": "", "count": 0, "post": SECRET})
    problem = assert_problem(response, 400, "invalid")
    assert problem["fields"] == {
        "name": "String should have at least 1 character",
        "count": "Input should be greater than or equal to 1",
        "post": "Extra inputs are not permitted",
    }


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "x", "1e3", str(2**63), "9" * 5_000, "%00", "%ff", "%ED%A0%80"])
async def test_a_bad_number_in_the_path(http: httpx.AsyncClient, number: str) -> None:
    assert_problem(await http.get(f"/things/{number}"), 400, "invalid")
    assert_problem(await http.put(f"/things/{number}", json=VALID), 400, "invalid")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("q=a&q=b", "invalid"),
        ("x=1&x=2", "invalid"),
        ("q=%00", "invalid_text"),
        ("%00=q", "invalid_text"),
        (f"q={'x' * 51}", "invalid"),
    ],
)
async def test_a_bad_query(http: httpx.AsyncClient, query: str, code: str) -> None:
    assert_problem(await http.get(f"/things/1?{query}"), 400, code)


async def test_a_query_that_is_no_utf8_is_read_with_replacements(http: httpx.AsyncClient) -> None:
    assert (await http.get("/things/1?q=%ff")).json()["q"] == "\ufffd"


async def test_a_rejection(http: httpx.AsyncClient) -> None:
    response = await http.post("/refuse/rate_limited")
    problem = assert_problem(response, 429, "rate_limited")
    assert problem["fields"] == {"name": "Not now."}
    assert problem["retry_after"] == 1.2
    assert response.headers["retry-after"] == "2"
    assert "www-authenticate" not in response.headers


@pytest.mark.parametrize("code", ["unauthorized", "wrong_credentials", "token_reused"])
async def test_401_says_how_to_sign_in(http: httpx.AsyncClient, code: str) -> None:
    response = await http.post(f"/refuse/{code}")
    assert_problem(response, 401, code)
    assert response.headers["www-authenticate"] == 'Bearer realm="tertulia"'


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (413, "too_large"),
        (415, "unsupported_media_type"),
        (429, "rate_limited"),
        (503, "unavailable"),
    ],
)
async def test_the_framework_s_own_errors(http: httpx.AsyncClient, status: int, code: str) -> None:
    assert_problem(await http.get(f"/http/{status}"), status, code)


async def test_statuses_that_have_no_code_of_their_own(http: httpx.AsyncClient) -> None:
    assert_problem(await http.get("/http/418"), 400, "invalid")
    assert_problem(await http.get("/http/502"), 500, "internal")


async def test_a_bug_is_not_shown(http: httpx.AsyncClient) -> None:
    assert_problem(await http.post("/raw", content=b"x"), 500, "internal")


@pytest.mark.parametrize("path", ["/nothing", "/things/", "/things/1/x", "/%00", "//", "/..%2f..%2fetc/passwd"])
async def test_nothing_there(http: httpx.AsyncClient, path: str) -> None:
    assert_problem(await http.get(path), 404, "not_found")


async def test_another_method_is_told_all_methods(http: httpx.AsyncClient) -> None:
    response = await http.delete("/things/1")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, PUT, OPTIONS"
    response = await http.request("BREW", "/things")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST, OPTIONS"


async def test_options_names_the_methods(http: httpx.AsyncClient) -> None:
    response = await http.options("/things/1")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, PUT, OPTIONS"
    assert_problem(await http.options("/nothing"), 404, "not_found")
