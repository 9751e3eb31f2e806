"""The document of the socket is valid, complete, and says what the types say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest

from tertulia.domain.errors import CODES, CloseCode
from tertulia.protocol.asyncapi import COMMANDS, EVENTS, REPLIES, asyncapi_document
from tertulia.protocol.commands import Command

SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.schema.json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(asyncapi_document("1.2.3")))
    return made


def test_it_keeps_the_schema_of_asyncapi_3(document: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema_rs.Draft7Validator(schema).validate(document)
    broken = {**document, "operations": {"x": {"action": "shout"}}}
    assert not jsonschema_rs.Draft7Validator(schema).is_valid(broken)


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert len(found) > 50
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_command_is_there_with_its_reply(document: dict[str, Any]) -> None:
    names = {get_args(kind.model_fields["cmd"].annotation)[0] for kind in get_args(Command)}
    assert set(COMMANDS) == names
    assert set(REPLIES) <= names
    for name in names:
        operation = document["operations"][f"{name}Command"]
        assert operation["action"] == "receive"
        assert len(operation["messages"]) == len(operation["reply"]["messages"]) == 1


def test_every_event_of_the_design_is_there(document: dict[str, Any]) -> None:
    design = ["ready", "message", "member", "room", "changes", "reload", "gone", "receipt", "typing", "presence", "bye"]
    design += ["me", "blocked"]
    assert sorted(EVENTS) == sorted(design)
    for name in design:
        assert document["operations"][f"{name}Event"]["action"] == "send"


def test_an_operation_s_messages_are_its_channel_s(document: dict[str, Any]) -> None:
    channel = document["channels"]["socket"]
    assert channel["address"] == "/ws"
    for operation in document["operations"].values():
        for message in [*operation["messages"], *operation.get("reply", {}).get("messages", [])]:
            assert message["$ref"].removeprefix("#/channels/socket/messages/") in channel["messages"]


def test_errors_and_close_codes_are_listed(document: dict[str, Any]) -> None:
    assert set(document["info"]["x-error-codes"]) == set(CODES)
    assert set(document["info"]["x-close-codes"]) == {str(code.value) for code in CloseCode}


def payload_schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


@pytest.mark.parametrize(
    ("name", "frame", "good"),
    [
        ("Ping", {"cmd": "ping", "id": 1}, True),
        ("Ping", {"cmd": "ping", "id": -1}, False),
        ("Ping", {"cmd": "ping", "x": 1}, False),
        ("Post", {"cmd": "post", "room": "r", "body": ""}, False),
        ("Post", {"cmd": "post", "room": "r", "body": "x" * 16_384}, True),
        ("Post", {"cmd": "post", "room": "r", "body": "x" * 16_385}, False),
        ("ChangesEvent", {"ev": "changes", "room": "r", "from": 1, "to": 2, "items": [], "more": False}, True),
        ("ChangesEvent", {"ev": "changes", "room": "r", "to": 2, "items": [], "more": False}, False),
        ("RefreshReply", {"re": 1, "expires_in": 900}, True),
    ],
)
def test_payloads_say_what_the_types_say(
    document: dict[str, Any], name: str, frame: dict[str, Any], *, good: bool
) -> None:
    assert jsonschema_rs.Draft7Validator(payload_schema(document, name)).is_valid(frame) is good
