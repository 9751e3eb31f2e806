"""Post, edit, delete, react, pin: decided on a room's state, item by item."""

from dataclasses import replace

import pytest

from support.decisions import ANN, BOB, EVE, NOW, OUT, ROOM, done, message_of, refusal, room_state, user, with_roles
from tertulia.domain.changes import (
    AddMember,
    Ban,
    Change,
    ChangeRoom,
    Delete,
    Edit,
    Join,
    Leave,
    Mute,
    Pin,
    Post,
    React,
    RoomChange,
    Trim,
)
from tertulia.domain.decisions.messages import MAX_PINS
from tertulia.domain.emojis import MAX_KINDS, MAX_REACTIONS, SHOWN_USERS
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Role, RoomKind
from tertulia.domain.rights import SMALL_ROOM

KINDS = [chr(0x1F600 + n) for n in range(MAX_KINDS + 1)]


def post(actor: int = ANN, body: str = "hello", **more: str | int | Rejection | None) -> Post:
    return Post(ROOM, actor, body, **more)  # type: ignore[arg-type]


def react(actor: int, emoji: str = "👍", *, on: bool = True, index: int = 1) -> React:
    return React(ROOM, actor, index, emoji, on)


def test_a_post_takes_the_next_seq_and_index_and_is_read_by_its_sender() -> None:
    state = room_state()
    first, second = done(state, post(ANN, "1"), post(BOB, "2"))
    assert [(m.seq, m.index, m.after) for m in map(message_of, (first, second))] == [(4, 1, 0), (5, 2, 1)]
    assert state.reads == {ANN: 1, BOB: 2}
    assert (state.head_seq, state.message_count, state.access_seq) == (5, 2, 3)
    assert [(event.ev, event.seq) for event in state.events] == [("message", 4), ("message", 5)]


@pytest.mark.parametrize("kind", list(RoomKind))
@pytest.mark.parametrize(
    "change",
    [post(OUT), Edit(ROOM, OUT, 1, "x"), Delete(ROOM, OUT, 1), react(OUT), react(OUT, index=99), Leave(ROOM, OUT)],
)
def test_outsiders_cannot_tell_a_room_they_may_not_see_from_none(kind: RoomKind, change: RoomChange) -> None:
    """Promise 7: the same code, whatever they try and whether the message is there."""
    state = room_state(kind)
    done(state, post())
    assert refusal(state, change) == ("not_member" if kind is RoomKind.PUBLIC else "not_found")


@pytest.mark.parametrize("reply_to", [0, -1, 2, 2**62])
def test_replies_are_to_messages_of_the_room(reply_to: int) -> None:
    """Rule 37: checked under the lock."""
    state = room_state()
    done(state, post())
    assert refusal(state, post(reply_to=reply_to)) == "not_found"
    assert message_of(done(state, post(reply_to=1))[0]).reply_to == 1


def test_a_refusal_of_the_service_is_said_under_the_lock() -> None:
    too_fast = Rejection("rate_limited", "Too fast.", retry_after=1)
    assert refusal(room_state(), post(refusal=too_fast)) == "rate_limited"
    assert refusal(room_state(), post(OUT, refusal=too_fast)) == "not_member"


def test_nobody_mentions_themselves_but_the_message_says_whom_it_names() -> None:
    state = room_state()
    [outcome] = done(state, post(ANN, "@ann @bob @out @bob"))
    assert message_of(outcome).mentions == ("id-1", "id-2")
    assert state.mentions_added == {(BOB, 1)}


# Edit and delete.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Edit(ROOM, BOB, 1, "x"), "forbidden"),
        (Edit(ROOM, ANN, 2, "x"), "not_found"),
        (Edit(ROOM, ANN, 0, "x"), "not_found"),
        (Edit(ROOM, ANN, -1, "x"), "not_found"),
        (Delete(ROOM, BOB, 1), "forbidden"),
        (Delete(ROOM, BOB, 2), "not_found"),
        (react(BOB, index=2), "not_found"),
    ],
)
def test_who_may_not_and_what_is_not_there(change: RoomChange, code: str) -> None:
    state = room_state()
    done(state, post())
    assert refusal(state, change) == code


def test_an_edit_is_the_same_message_with_new_text_and_new_mentions() -> None:
    state = room_state()
    first = message_of(done(state, post(ANN, "@bob"))[0])
    edited = message_of(done(state, Edit(ROOM, ANN, 1, "@eve"))[0])
    assert (edited.id, edited.seq, edited.index, edited.created_at) == (first.id, first.seq, 1, NOW)
    assert (edited.changed_seq, edited.edited_at, edited.mentions) == (5, NOW, ("id-3",))
    assert state.mentions_added == {(EVE, 1)}
    assert state.message_count == 1
    [again] = done(state, Edit(ROOM, ANN, 1, "@eve"))
    assert again.repeated
    assert state.head_seq == 5


def test_a_tombstone_holds_nothing_of_what_it_was() -> None:
    """Rule 15: body, mentions and reactions go; the row and its numbers stay."""
    state = room_state()
    done(state, post(BOB, "@ann secret"), react(EVE), react(ANN))
    gone = message_of(done(state, Delete(ROOM, BOB, 1))[0])
    assert (gone.body, gone.mentions, gone.reactions) == (None, (), ())
    assert (gone.index, gone.seq, gone.deleted_at) == (1, 4, NOW)
    assert not state.mentions_added
    assert not state.reactions_added
    assert (state.mentions_dropped, state.reactions_cleared) == ({1}, {1})
    assert state.message_count == 1
    assert "secret" not in repr(state.new_messages)
    for change in (Edit(ROOM, BOB, 1, "x"), react(EVE), react(EVE, on=False)):
        assert refusal(state, change) == "deleted"
    [again] = done(state, Delete(ROOM, BOB, 1))
    assert again.repeated


def test_the_owner_deletes_anybodys_message_but_not_in_a_direct_room() -> None:
    state = room_state()
    done(state, post(BOB), Delete(ROOM, ANN, 1))
    direct = room_state(RoomKind.DIRECT, owner=None)
    done(direct, post(BOB))
    assert refusal(direct, Delete(ROOM, ANN, 1)) == "forbidden"


# Reactions.


def test_reactions_on_off_and_on_again_in_one_batch() -> None:
    """Rule 6: each takes a seq and carries the message; the rows that are written are what remains."""
    state = room_state()
    done(state, post(), react(BOB), react(BOB, on=False), react(EVE), react(BOB))
    assert state.reactions_added == [(1, EVE, "👍"), (1, BOB, "👍")]
    assert state.reactions_dropped == []
    assert state.targets[1].reactions == ({"emoji": "👍", "count": 2, "users": ["id-3", "id-2"]},)
    assert state.head_seq == 8
    again = done(state, react(BOB), react(ANN, on=False))
    assert all(outcome.repeated for outcome in again)
    assert state.head_seq == 8


def test_a_stored_reaction_taken_back_and_given_again_is_dropped_and_added() -> None:
    """The drop is written first, so the row is the newest, as the summary says."""
    state = room_state()
    done(state, post(), react(BOB), react(EVE))
    state.reactions_added.clear()  # as if they had been stored by an earlier batch
    done(state, react(BOB, on=False), react(BOB))
    assert (state.reactions_dropped, state.reactions_added) == ([(1, BOB, "👍")], [(1, BOB, "👍")])
    done(state, react(BOB, on=False))
    assert (state.reactions_dropped, state.reactions_added) == ([(1, BOB, "👍")], [])


def test_kinds_keep_their_place_as_long_as_anybody_has_them() -> None:
    state = room_state()
    done(state, post(), react(ANN, "👍"), react(BOB, "🎉"), react(EVE, "👍"), react(ANN, "👍", on=False))
    assert [shown["emoji"] for shown in state.targets[1].reactions] == ["👍", "🎉"]
    done(state, react(EVE, "👍", on=False))
    assert [shown["emoji"] for shown in state.targets[1].reactions] == ["🎉"]
    done(state, react(EVE, "👍"))
    assert [shown["emoji"] for shown in state.targets[1].reactions] == ["🎉", "👍"]


def test_twenty_kinds_a_message() -> None:
    state = room_state()
    done(state, post(), *(react(ANN, kind) for kind in KINDS[:MAX_KINDS]))
    assert refusal(state, react(BOB, KINDS[MAX_KINDS])) == "too_many_reactions"
    done(state, react(BOB, KINDS[0]), react(ANN, KINDS[1], on=False), react(BOB, KINDS[MAX_KINDS]))
    assert len(state.targets[1].reactions) == MAX_KINDS


def test_two_thousand_reactions_a_message_and_fifty_names_of_each_kind() -> None:
    state = room_state(more=MAX_REACTIONS)
    done(state, post(), *(react(100 + n) for n in range(MAX_REACTIONS)))
    assert refusal(state, react(ANN)) == "too_many_reactions"
    [shown] = state.targets[1].reactions
    assert shown["count"] == MAX_REACTIONS
    assert shown["users"] == [user(100 + n).id for n in range(SHOWN_USERS)]
    done(state, react(100, on=False), react(ANN))
    [shown] = state.targets[1].reactions
    assert shown["users"][-1] == user(100 + SHOWN_USERS).id, "the next one moves up"


def test_every_change_of_a_message_is_told_with_its_whole_new_state() -> None:
    """Rule 6: never a delta."""
    state = room_state()
    changes: list[Change] = [post(), Edit(ROOM, ANN, 1, "new"), react(BOB), Delete(ROOM, ANN, 1)]
    outcomes = done(state, *changes)  # type: ignore[arg-type]
    assert [event.message for event in state.events] == [outcome.message for outcome in outcomes]
    assert [event.seq for event in state.events] == [message_of(outcome).changed_seq for outcome in outcomes]


# Pins.


def test_a_pin_is_a_change_of_its_message() -> None:
    state = with_roles(room_state(), bob=Role.MODERATOR)
    done(state, Post(ROOM, EVE, "x"))
    [pinned, again] = done(state, Pin(ROOM, BOB, 1, on=True), Pin(ROOM, ANN, 1, on=True))
    assert again.repeated
    assert (message_of(pinned).pinned_at, message_of(pinned).pinned_by, message_of(pinned).changed_seq) == (NOW, BOB, 5)
    assert state.new_messages[4] == message_of(pinned), "written with the post of the same batch"
    [off, again] = done(state, Pin(ROOM, BOB, 1, on=False), Pin(ROOM, BOB, 1, on=False))
    assert again.repeated
    assert (message_of(off).pinned_at, message_of(off).pinned_by) == (None, None)
    assert [deed.act for deed in state.deeds] == ["pin", "unpin"]


def test_who_may_pin() -> None:
    for kind, member, outsider in (
        (RoomKind.PUBLIC, "forbidden", "not_member"),
        (RoomKind.PRIVATE, "forbidden", "not_found"),
        (RoomKind.DIRECT, None, "not_found"),
    ):
        state = room_state(kind, owner=None if kind is RoomKind.DIRECT else ANN)
        done(state, Post(ROOM, ANN, "x"))
        if member is None:
            done(state, Pin(ROOM, BOB, 1, on=True))
        else:
            assert refusal(state, Pin(ROOM, BOB, 1, on=True)) == member
        assert refusal(state, Pin(ROOM, OUT, 1, on=True)) == outsider


def test_pins_of_a_direct_room_are_nobodys_business() -> None:
    state = room_state(RoomKind.DIRECT, owner=None)
    done(state, Post(ROOM, ANN, "x"), Pin(ROOM, BOB, 1, on=True), Pin(ROOM, ANN, 1, on=False))
    assert state.deeds == []
    done(state, Pin(ROOM, None, 1, on=True, via="key shop"))
    assert [(deed.act, deed.via) for deed in state.deeds] == [("pin", "key shop")]


def test_a_mute_takes_the_voice_and_leaves_the_office() -> None:
    """Who shall not moderate either is given another role."""
    state = with_roles(room_state(), bob=Role.ADMIN)
    done(state, Post(ROOM, ANN, "x"), Mute(ROOM, ANN, BOB, NOW + 1))
    muted: list[RoomChange] = [Post(ROOM, BOB, "y"), Edit(ROOM, BOB, 1, "y"), React(ROOM, BOB, 1, "👍", on=True)]
    assert [refusal(state, change) for change in muted] == ["muted"] * len(muted)
    done(state, Pin(ROOM, BOB, 1, on=True), ChangeRoom(ROOM, BOB, title="Quiet"), Delete(ROOM, BOB, 1))


def test_what_cannot_be_pinned() -> None:
    state = room_state()
    done(state, Post(ROOM, ANN, "1"), Post(ROOM, ANN, "2"), Delete(ROOM, ANN, 1))
    assert refusal(state, Pin(ROOM, ANN, 1, on=True)) == "deleted"
    assert refusal(state, Pin(ROOM, ANN, 9, on=True)) == "not_found"
    done(state, Trim(ROOM, 3))
    assert refusal(state, Pin(ROOM, ANN, 2, on=True)) == "not_found"


def test_pins_are_bounded_and_a_deleted_message_frees_its_place() -> None:
    state = room_state()
    done(state, *(Post(ROOM, ANN, "x") for _ in range(MAX_PINS + 2)))
    done(state, *(Pin(ROOM, ANN, index, on=True) for index in range(1, MAX_PINS + 1)))
    assert refusal(state, Pin(ROOM, ANN, MAX_PINS + 1, on=True)) == "too_many"
    done(state, Delete(ROOM, ANN, 1))
    assert message_of(done(state, Pin(ROOM, ANN, MAX_PINS + 1, on=True))[0]).pinned_at == NOW
    assert refusal(state, Pin(ROOM, ANN, MAX_PINS + 2, on=True)) == "too_many"
    done(state, Pin(ROOM, ANN, 2, on=False), Pin(ROOM, ANN, MAX_PINS + 2, on=True))


# Archived, trusted, blocked.


def test_nobody_posts_as_a_deleted_user() -> None:
    """Also not a server key that asked before the account was deleted."""
    state = room_state()
    for number in (BOB, OUT):
        state.users[number] = replace(state.users[number], deleted_at=NOW)
        assert refusal(state, Post(ROOM, number, "x", trusted=True)) == "not_found"


def test_an_archived_room_is_read_only_until_it_is_opened_again() -> None:
    state = room_state()
    done(state, Post(ROOM, BOB, "x"), ChangeRoom(ROOM, ANN, archived=True))
    refused: list[RoomChange] = [
        Post(ROOM, ANN, "x"),
        Post(ROOM, OUT, "x", trusted=True),
        Edit(ROOM, BOB, 1, "y"),
        Delete(ROOM, BOB, 1),
        React(ROOM, BOB, 1, "👍", on=True),
        Pin(ROOM, ANN, 1, on=True),
        Join(ROOM, OUT),
        AddMember(ROOM, ANN, OUT),
        ChangeRoom(ROOM, ANN, title="x"),
    ]
    assert [refusal(state, change) for change in refused] == ["archived"] * len(refused)
    done(state, Delete(ROOM, ANN, 1), Leave(ROOM, BOB), Ban(ROOM, ANN, EVE))
    done(state, ChangeRoom(ROOM, ANN, archived=False, title="again"), Post(ROOM, ANN, "x"))


def test_a_server_key_speaks_as_anybody_anywhere() -> None:
    state = room_state(RoomKind.PRIVATE)
    done(state, Mute(ROOM, ANN, BOB, NOW + 1))
    outcomes = done(
        state, Post(ROOM, OUT, "@bob @room", trusted=True, metadata="{}"), Post(ROOM, BOB, "muted", trusted=True)
    )
    posted = message_of(outcomes[0])
    assert posted.sender is not None
    assert (posted.sender.number, posted.mentions, posted.metadata) == (OUT, ("id-2",), "{}")
    assert not posted.mentions_room, "who is no member calls nobody together"


def test_the_blocked_cannot_write_in_a_direct_room_and_the_blocker_may() -> None:
    state = room_state(RoomKind.DIRECT, owner=None)
    done(state, Post(ROOM, BOB, "x"))
    state.blocks.add((ANN, BOB))
    refused: list[RoomChange] = [
        Post(ROOM, BOB, "y"),
        Edit(ROOM, BOB, 1, "y"),
        React(ROOM, BOB, 1, "👍", on=True),
        Pin(ROOM, BOB, 1, on=True),
    ]
    assert [refusal(state, change) for change in refused] == ["blocked"] * len(refused)
    done(state, Pin(ROOM, ANN, 1, on=True))
    assert refusal(state, Pin(ROOM, BOB, 1, on=False)) == "blocked"
    done(state, Post(ROOM, ANN, "y"), React(ROOM, ANN, 1, "👍", on=True), Delete(ROOM, BOB, 1))


def test_elsewhere_the_blocked_may_write_but_mention_no_blocker() -> None:
    state = room_state()
    state.blocks.add((ANN, BOB))
    [posted, _] = done(state, Post(ROOM, BOB, "@ann @eve"), Post(ROOM, BOB, "x"))
    assert message_of(posted).mentions == ("id-3",)
    [edited] = done(state, Edit(ROOM, BOB, 2, "@ann"))
    assert message_of(edited).mentions == ()
    assert state.mentions_added == {(EVE, 1)}


# @room.


def test_who_may_call_the_room_together() -> None:
    """Everybody in a small room; in larger ones those who moderate."""
    state = with_roles(room_state(), eve=Role.MODERATOR)
    assert message_of(done(state, Post(ROOM, BOB, "@room"))[0]).mentions_room
    state.member_count = SMALL_ROOM + 1
    outcomes = done(state, *(Post(ROOM, user, "now @room.") for user in (BOB, EVE, ANN)))
    assert [message_of(outcome).mentions_room for outcome in outcomes] == [False, True, True]
    assert state.room_mentions == {1: BOB, 3: EVE, 4: ANN}


def test_an_edit_and_a_deletion_take_the_call_back() -> None:
    state = room_state()
    done(state, Post(ROOM, BOB, "@room"), Edit(ROOM, BOB, 1, "x"))
    assert state.room_mentions == {1: None}
    done(state, Edit(ROOM, BOB, 1, "@room again"))
    assert state.room_mentions == {1: BOB}
    assert message_of(done(state, Delete(ROOM, BOB, 1))[0]).mentions_room is False
    assert state.room_mentions == {1: None}


def test_the_room_is_nobody_called_ro() -> None:
    """Somebody whose name the word begins with is not meant."""
    state = room_state()
    state.users[OUT] = replace(state.users[OUT], username="ro")
    done(state, Join(ROOM, OUT))
    state.member_count = SMALL_ROOM + 1
    outcomes = done(state, Post(ROOM, BOB, "@room"), Post(ROOM, BOB, "@roof"))
    assert [message_of(outcome).mentions for outcome in outcomes] == [(), ("id-4",)]


def test_what_the_word_list_flags_is_to_be_reported_as_it_was_said() -> None:
    state = room_state()
    done(state, Post(ROOM, BOB, "bad", flagged=True), Edit(ROOM, BOB, 1, "worse", flagged=True), Delete(ROOM, BOB, 1))
    assert [message.body for message in state.flagged] == ["bad", "worse"]
