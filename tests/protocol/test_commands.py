"""Commands as they are decoded. What is refused: tests/gateway/test_bad_frames.py."""

import json
from typing import Any

import pytest

from tertulia.domain.errors import Rejection
from tertulia.protocol.asyncapi import COMMANDS
from tertulia.protocol.codec import decode_command
from tertulia.protocol.commands import Hello, History, Post, React, Read, Subscribe, Typing

ROOM = "0197a1b0-0000-7000-8000-00000000000a"


def decode(**frame: Any) -> Any:
    return decode_command(json.dumps(frame))


def test_what_may_be_left_out_has_a_meaning() -> None:
    assert decode(cmd="hello") == Hello(cmd="hello")
    assert decode(cmd="hello") == Hello(cmd="hello", id=None, token=None, boot=None, resume={}, read={})
    assert decode(cmd="typing", room=ROOM) == Typing(cmd="typing", room=ROOM, on=True)
    assert decode(cmd="react", room=ROOM, index=1, emoji="x") == React(
        cmd="react", room=ROOM, index=1, emoji="x", on=True
    )
    assert decode(cmd="history", room=ROOM) == History(cmd="history", room=ROOM, limit=50)
    assert decode(cmd="subscribe", room=ROOM) == Subscribe(cmd="subscribe", room=ROOM, seq=None)


def test_null_is_the_same_as_left_out_where_that_is_allowed() -> None:
    wanted = Post(cmd="post", room=ROOM, body="x")
    assert decode(cmd="post", room=ROOM, body="x", client_id=None, reply_to=None, id=None) == wanted
    assert decode(cmd="read", room=ROOM, index=3, delivered=None) == Read(cmd="read", room=ROOM, index=3)


def test_ids_come_in_capitals_too() -> None:
    assert decode(cmd="typing", room=ROOM.upper()).room == ROOM
    assert decode(cmd="hello", resume={ROOM.upper(): 4}).resume == {ROOM: 4}


def test_a_key_that_comes_twice_counts_as_it_came_last() -> None:
    command: Any = decode_command('{"cmd":"post","room":"x","body":"a","body":"b"}')
    assert command.body == "b"


@pytest.mark.parametrize("resume", [{}, {f"room {n}": n for n in range(2_000)}, {ROOM: 2**63 - 1}])
def test_cursors_up_to_the_bound(resume: dict[str, int]) -> None:
    assert decode(cmd="hello", resume=resume, read=resume).resume == resume


def test_one_cursor_too_many() -> None:
    with pytest.raises(Rejection) as refused:
        decode(cmd="hello", resume={f"room {n}": n for n in range(2_001)})
    assert set(refused.value.fields) == {"resume"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_an_id_and_says_what_it_is(name: str) -> None:
    kind: Any = COMMANDS[name]
    assert "id" in kind.model_fields
    assert kind.__doc__
    assert kind.model_config["extra"] == "forbid"
    assert kind.model_config["strict"] is True
