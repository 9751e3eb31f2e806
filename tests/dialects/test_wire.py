"""What dialects say of a room's changes: messages, and nothing of what their documents do not know."""

import json
from dataclasses import replace
from typing import Any

from support.fanout import ROOM, ROOM_ID, came, posted, user, went
from tertulia.dialects.wire import DialectWire
from tertulia.domain.events import Changed, Presence, Typed
from tertulia.domain.models import Message, MessageKind


class Wire(DialectWire):
    """Says all that a dialect may say."""

    name = "test"

    def posted(self, message: Message) -> dict[str, Any]:
        return {"new": message.index, "text": message.body}

    def edited(self, message: Message, room_id: str) -> dict[str, Any]:
        return {"edited": message.index, "room": room_id}

    def deleted(self, message: Message, room_id: str) -> dict[str, Any]:
        return {"deleted": message.index, "room": room_id}

    def typed(self, typed: Typed) -> dict[str, Any]:
        return {"typing": typed.user.number, "on": typed.on}


class Plain(DialectWire):
    """Says of new messages only."""

    name = "plain"

    def posted(self, message: Message) -> dict[str, Any]:
        return {"new": message.index}


WIRE = Wire()


def frames(*texts: bytes | None) -> list[Any]:
    return [json.loads(text) for text in texts if text is not None]


def changed(seq: int, of: int, **fields: Any) -> Changed:
    """Something happened to a message that was there: `seq` of the change, `of` the message."""
    message = posted(of).message
    assert message is not None
    edited = "edited_at" in fields
    return Changed(ROOM, ROOM_ID, seq, "message", message=replace(message, changed_seq=seq, **fields), edited=edited)


def notice(seq: int) -> Changed:
    message = posted(seq).message
    assert message is not None
    told = replace(message, kind=MessageKind.NOTICE, index=None, body=None, notice={"type": "joined"})
    return replace(came(seq, 2), message=told)


def test_rule_35_no_dialect_hears_of_notices_members_or_settings() -> None:
    for wire in (WIRE, Plain()):
        assert [wire.change(change) for change in (notice(4), came(5, 2), went(6, 2))] == [None, None, None]
        assert wire.mended(ROOM_ID, 0, 6, [notice(4), came(5, 2), went(6, 2)]) == ()
        assert wire.news(Presence((("user-1", "away"),))) is None


def test_each_change_as_it_comes() -> None:
    changes = (posted(3), changed(4, 3, body="new", edited_at=1), changed(5, 3, body=None, deleted_at=1))
    assert frames(*(WIRE.change(change) for change in changes)) == [
        {"new": 3, "text": "hello"},
        {"edited": 3, "room": ROOM_ID},
        {"deleted": 3, "room": ROOM_ID},
    ]
    assert frames(*(Plain().change(change) for change in changes)) == [{"new": 3}]


def test_a_reaction_is_no_edit() -> None:
    """Also to a message that was edited before."""
    reacted = changed(5, 3, reactions=({"emoji": "👍"},))
    assert reacted.message is not None
    assert WIRE.change(reacted) is None
    assert WIRE.change(replace(reacted, message=replace(reacted.message, edited_at=1))) is None


def test_rule_18_a_mended_gap_is_told_in_order_new_messages_first() -> None:
    """As it is now: what was posted and deleted in between is not there at all."""
    gone = replace(posted(12), message=replace(posted(12, deleted=True).message or _nothing(), changed_seq=16))
    items = [
        posted(11),
        changed(13, 2, body="new", edited_at=1),
        changed(14, 3, body=None, deleted_at=1),
        replace(posted(15), seq=15),
        gone,
        changed(17, 10, body="later", edited_at=1),
    ]
    assert frames(*WIRE.mended(ROOM_ID, 10, 17, items)) == [
        {"new": 11, "text": "hello"},
        {"new": 15, "text": "hello"},
        {"edited": 2, "room": ROOM_ID},
        {"deleted": 3, "room": ROOM_ID},
        {"edited": 10, "room": ROOM_ID},
    ]


def _nothing() -> Message:
    raise AssertionError


def test_a_message_that_was_edited_in_the_gap_is_told_once_as_it_is_now() -> None:
    edited = changed(14, 12, body="as it is now", edited_at=1)
    assert frames(*WIRE.mended(ROOM_ID, 10, 14, [edited])) == [{"new": 12, "text": "as it is now"}]


def test_typing() -> None:
    assert frames(WIRE.news(Typed(ROOM_ID, user(1), on=True))) == [{"typing": 1, "on": True}]
    assert Plain().news(Typed(ROOM_ID, user(1), on=True)) is None
    assert Plain().hidden_from(Typed(ROOM_ID, user(1), on=True)) is None
