"""docs/webhooks.md is normative: its examples are of our types, its snippets accept what we sign."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from tertulia.domain.events import Changed
from tertulia.domain.models import Message, MessageKind, Room, RoomKind, User
from tertulia.domain.webhooks import EVENTS, MAX_DELAY, MAX_OFFLINE, MAX_WEBHOOKS, Audience, Delivery, signature
from tertulia.protocol.webhooks import HookPayload, body_of, payload_of, told_of

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
ANN = User(1, "id-ann", "ann")
ROOM = Room(7, "id-room", RoomKind.PUBLIC, "lobby", "Lobby", "", 1, 1, 1, 1, 1, 1, 0, 0)


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_examples_are_payloads() -> None:
    adapter = TypeAdapter(HookPayload)
    for line in block("json").splitlines():
        adapter.validate_json(line, strict=True, extra="forbid")


def test_the_tables_are_complete() -> None:
    assert re.findall(r"^\| `(\w+)` \| ", TEXT, re.MULTILINE)[: len(EVENTS) + 1] == [
        "message", "mention", "edit", "delete", "member", "report", "test",
    ]  # fmt: skip
    assert f"at most\n{MAX_WEBHOOKS} webhooks" in TEXT
    assert f"{MAX_OFFLINE:,}" in TEXT
    assert f"up to {MAX_DELAY / 3600:.0f} hours" in TEXT


def python_check() -> Callable[..., bool]:
    found: dict[str, Any] = {}
    exec(block("python"), found)
    check: Callable[..., bool] = found["is_genuine"]
    return check


def node_check(*arguments: object) -> bool:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    secret, header, body, now = arguments
    assert isinstance(body, bytes)
    given = json.dumps([secret, header, body.hex(), now])
    script = f"{block('js')}\nconst [s, h, b, n] = {given};\nconsole.log(isGenuine(s, h, Buffer.from(b, 'hex'), n));"
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "true"


@pytest.mark.parametrize("check", [python_check(), node_check])
def test_the_snippets_accept_what_is_signed_and_nothing_else(check: Callable[..., bool]) -> None:
    body, now = '{"body":"é"}'.encode(), 1_700_000_000
    header = signature("secret", now, body)
    assert check("secret", header, body, now + 299)
    assert not check("secret", header, body, now + 301)
    assert not check("secret", header, body, now - 301)
    assert not check("other", header, body, now)
    assert not check("secret", header, body + b" ", now)
    assert not check("secret", header.replace("t=17", "t=18"), body, 1_800_000_000)
    for bad in ("", "t=1,v1=", f"t={now}", f"t={now},v1=zz", f"t=x,{header.split(',')[1]}", "v1=é,t=²"):
        assert not check("secret", bad, body, now)


def message(**more: Any) -> Message:
    fields: dict[str, Any] = {"seq": 3, "changed_seq": 3, "index": 2, "after": 1, "id": "id-message", "body": "hi"}
    return Message(room=7, sender=ANN, kind=MessageKind.MESSAGE, created_at=1, **{**fields, **more})


def events(changed: Changed, *, edited: bool = False) -> list[str]:
    return [told.event for told in told_of(changed, ROOM, ANN, 1, edited=edited)]


def test_what_a_change_says() -> None:
    assert events(Changed(7, "id-room", 3, "message", message())) == ["message"]
    assert events(Changed(7, "id-room", 3, "message", message(mentions=("a",)))) == ["message", "mention"]
    assert events(Changed(7, "id-room", 3, "message", message(mentions_room=True))) == ["message", "mention"]
    later = message(changed_seq=4, edited_at=5, mentions=("a",))
    assert events(Changed(7, "id-room", 4, "message", later)) == []
    assert events(Changed(7, "id-room", 4, "message", later), edited=True) == ["edit"]
    gone = message(changed_seq=4, deleted_at=5, body=None)
    assert events(Changed(7, "id-room", 4, "message", gone)) == ["delete"]
    assert events(Changed(7, "id-room", 5, "member")) == ["member"]
    assert events(Changed(7, "id-room", 5, "room", settings=ROOM)) == []


def test_a_mention_of_the_room_concerns_everybody_in_it() -> None:
    _, mention = told_of(
        Changed(7, "id-room", 3, "message", message(mentions=("a",), mentions_room=True)), ROOM, ANN, 1, edited=False
    )
    assert mention.audience == Audience(1, ("a",), room=True)


def test_id_and_offline_come_when_it_is_sent() -> None:
    delivery = Delivery(1, "id-1", 1, 7, "message", payload_of("message", {"at": "now"}), None, 1)
    assert json.loads(body_of(delivery, None)) == {"id": "id-1", "event": "message", "at": "now"}
    assert json.loads(body_of(delivery, [("a", "x"), ("b", None)]))["offline"] == [
        {"id": "a", "external_id": "x"},
        {"id": "b"},
    ]
