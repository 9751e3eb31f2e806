"""The timeline as rows."""

from pathlib import Path

from sqlalchemy import text

from support.heart import Heart, heart, plain
from tertulia.domain.changes import ChangeRoom, Join, Leave, Post, React
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Message
from tertulia.storage import messages

ODD = "\u202e \ufeff\U0001f469\u200d\U0001f680 'quoted' \"two\" \\ % _ \x01\x7f \r\n\t NULL -- ; 𝔘 \ud7ff\ue000\uffff"


async def test_text_is_kept_as_it_is(tmp_path: Path) -> None:
    """Any Unicode comes back as it went in."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        posted = await h.post(room, ann, ODD, client_id="ключ 'k' \\")
        [stored] = h.read(messages.by_client_ids, [(room, ann, "ключ 'k' \\")])
        assert plain(stored) == posted
        assert stored.body == ODD


async def test_a_page_holds_its_messages_and_the_notices_between_them(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        for _ in range(3):
            await h.accepted(Post(room, ann, "x"), Leave(room, bob), Join(room, bob))
        everything = h.timeline(room)
        assert _span(h, room, 1, 3, 0) == everything
        assert [(row.index, row.after) for row in _span(h, room, 2, 3, 2)] == [
            (2, 1), (None, 2), (None, 2), (3, 2), (None, 3), (None, 3),
        ]  # fmt: skip
        assert _span(h, room, 9, 12, 9) == []


async def test_notices_of_a_page_are_bounded_and_the_newest(tmp_path: Path) -> None:
    """A quiet room that thousands came to and left has pages like any other."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        await h.post(room, ann)
        await h.accepted(*(change(room, bob) for _ in range(100) for change in (Join, Leave)))
        page = _span(h, room, 1, 1, 0)
        assert len(page) == messages.NOTICES_IN_PAGE + 1
        assert page[1:] == h.timeline(room)[-messages.NOTICES_IN_PAGE :]


async def test_repeated_and_unknown_keys_give_each_row_once(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.accepted(Post(room, ann, "1", "a"), Post(room, ann, "2"))
        assert len(h.read(messages.by_indexes, [(room, 1), (room, 1), (room, 2), (room, 3), (99, 1)])) == 2
        assert len(h.read(messages.by_client_ids, [(room, ann, "a"), (room, ann, "a"), (room, ann, "b")])) == 1
        assert h.read(messages.by_indexes, [(room, MAX_INTEGER), (MAX_INTEGER, 1)]) == []
        for nothing in (messages.by_indexes, messages.by_client_ids, messages.by_ids, messages.reactions_of):
            assert h.read(nothing, []) == []


async def test_last_messages_of_rooms(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        rooms = [await h.room(ann) for _ in range(3)]
        await h.accepted(
            Post(rooms[0], ann, "1"), Post(rooms[0], ann, "2"), Post(rooms[1], ann, "3"), Join(rooms[0], bob)
        )
        await h.commit(ChangeRoom(rooms[0], ann, title="notices do not count"))
        found = h.read(messages.last_of, {room: h.row(room).message_count for room in rooms})
        assert {room: message.body for room, message in found.items()} == {rooms[0]: "2", rooms[1]: "3"}


async def test_numbers_have_the_order_of_seqs_in_each_room(tmp_path: Path) -> None:
    """Whatever stands in the messages of a batch: some are written in another statement than others."""
    sql = text('SELECT "index" FROM messages WHERE room = :room AND "index" IS NOT NULL ORDER BY number')
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        one, two = await h.room(ann, bob), await h.room(ann, bob)
        bodies = ("plain", f"@{h.user(bob).username}", "plain again")
        await h.accepted(*(Post(room, ann, body) for body in bodies for room in (one, two)))
        await h.accepted(*(Post(two, ann, body) for body in ("only", "plain", "texts")))
        for room in (one, two):
            indexes = h.read(lambda connection, room=room: list(connection.scalars(sql, {"room": room})))
            assert indexes == sorted(indexes)
            assert len(indexes) >= 3


async def test_reactions_are_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    """Also when one is taken back and given again in the same batch: then it is the newest."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob, eve)
        await h.post(room, ann)
        await h.accepted(*(React(room, user, 1, "👍", on=True) for user in (ann, bob, eve)))
        await h.accepted(React(room, ann, 1, "👍", on=False), React(room, ann, 1, "👍", on=True))
        rows = h.read(messages.reactions_of, [(room, 1)])
        assert [user for _, _, _, user in rows] == [bob, eve, ann]
        [shown] = h.timeline(room)[-1].reactions
        assert shown["users"] == [h.user(user).id for user in (bob, eve, ann)]


def _span(h: Heart, room: int, first: int, last: int, notices_after: int) -> list[Message]:
    return [plain(row) for row in h.read(messages.span, room, first, last, notices_after=notices_after)]
