"""Members as rows."""

from dataclasses import replace
from pathlib import Path

from support.heart import heart
from tertulia.domain.changes import ChangeRoom, CreateRoom, Delete, DeleteRoom, Edit, Join, Leave, Post
from tertulia.domain.mentions import MENTIONS_CEILING
from tertulia.domain.models import RoomKind
from tertulia.storage import members, receipts


async def test_pages_are_in_the_order_of_joining_and_leave_nobody_out(tmp_path: Path) -> None:
    """Also when many joined in the same microsecond, and pages end between them."""
    async with heart(tmp_path) as h:
        people = h.people(*(f"user{n}" for n in range(25)))
        room = await h.room(people[24], *people[:12])
        h.clock.advance(1)
        await h.accepted(*(Join(room, user) for user in people[12:24]), Leave(room, people[3]))
        pages: list[int] = []
        after = None
        while page := h.read(members.page, room, after, 4):
            pages += [member.user for member, _ in page]
            after = (page[-1][0].joined_at, page[-1][0].user)
        everybody = [user for user in [*people[:12], people[24], *people[12:24]] if user != people[3]]
        assert pages == everybody
        assert h.read(members.heirs, room, 3) == everybody[:3]


async def test_mentions_are_counted_above_the_read_position_up_to_a_ceiling(tmp_path: Path) -> None:
    """Rule 5 (d): rows, counted with a ceiling; reading, editing and deleting move the count."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room, other = await h.room(ann, bob, eve), await h.room(ann, bob)

        def counted(user: int) -> dict[int, int]:
            found = h.read(members.mention_counts, user, [room, other])
            together = h.read(members.mention_counts_for, [ann, bob, eve])
            assert {number: count for (number, who), count in together.items() if who == user} == {
                number: count for number, count in found.items() if count
            }
            return found

        await h.accepted(*(Post(room, ann, "@bob @ann @bob") for _ in range(3)), Post(other, ann, "no"))
        assert counted(bob) == {room: 3, other: 0}
        assert counted(ann) == {room: 0, other: 0}
        assert counted(eve) == {room: 0, other: 0}
        await h.writer.run(receipts.advance, [(room, bob, 1, 1)])
        assert counted(bob)[room] == 2
        await h.accepted(Edit(room, ann, 2, "@eve"), Delete(room, ann, 3))
        assert (counted(bob)[room], counted(eve)[room]) == (0, 1)
        await h.accepted(*(Post(room, ann, "@bob") for _ in range(MENTIONS_CEILING + 5)))
        assert counted(bob)[room] == MENTIONS_CEILING
        await h.post(room, bob)
        assert counted(bob)[room] == 0
        assert h.read(members.mention_counts, bob, []) == {}
        assert h.read(members.mention_counts_for, []) == {}


async def test_what_many_follow_is_what_each_follows(tmp_path: Path) -> None:
    """In one go, and in the same order, with the same bound."""
    async with heart(tmp_path) as h:
        ann, bob, eve, tom = h.people("ann", "bob", "eve", "tom")
        both, gone, other = await h.room(ann, bob), await h.room(ann, bob), await h.room(bob, eve)
        left = await h.room(ann, eve)
        await h.accepted(Leave(left, eve), DeleteRoom(gone, ann))
        h.clock.advance(1)
        await h.accepted(Post(both, ann, "newest"))
        found = h.read(members.followed, [ann, bob, eve, tom], 10)
        assert found == {user: h.read(members.rooms_of, user, 10) for user in (ann, bob, eve)}
        assert [room.number for room, _ in found[bob]] == [both, other]
        assert [room.number for room, _ in found[eve]] == [other]
        most = h.read(members.followed, [ann, bob], 1)
        assert {user: [room.number for room, _ in rooms] for user, rooms in most.items()} == {ann: [both], bob: [both]}


async def test_partners_of_many_are_the_others(tmp_path: Path) -> None:
    """Also when both of a room are among them."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        directs = [CreateRoom(one, RoomKind.DIRECT, partner=other) for one, other in ((ann, bob), (eve, ann))]
        made = [await h.commit(direct) for direct in directs]
        one, other = (outcome.room.number for outcome in made if outcome.room is not None)
        pairs = [(one, ann), (one, bob), (other, ann)]
        found = h.read(members.partners_of, pairs)
        assert {pair: user.number for pair, user in found.items()} == dict(zip(pairs, (bob, ann, eve), strict=True))
        assert h.read(members.partners_of, []) == {}


async def test_rooms_of_a_person_are_the_most_recently_active_first(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        numbers = []
        for _ in range(4):
            numbers.append(await h.room(ann, bob))
            h.clock.advance(1)
        await h.post(numbers[1], ann)
        h.clock.advance(1)
        await h.accepted(DeleteRoom(numbers[0], ann), Leave(numbers[2], bob))

        def of(user: int, limit: int = 10, offset: int = 0) -> list[int]:
            return [room.number for room, _ in h.read(members.rooms_of, user, limit, offset)]

        assert of(bob) == [numbers[1], numbers[3]]
        assert of(ann) == [numbers[2], numbers[1], numbers[3]]
        assert of(ann, 1, 1) == [numbers[1]]


async def test_companions_share_a_small_room(tmp_path: Path) -> None:
    """Rule 37: presence is for people with a common room, and not of large ones."""
    async with heart(tmp_path) as h:
        people = h.people("ann", "bob", "eve", "dan", "fay", "gus")
        ann, bob, eve, dan, fay, gus = people
        await h.room(ann, bob)
        await h.room(*people[:5])
        left = await h.room(ann, gus)
        await h.commit(Leave(left, gus))
        deleted = await h.room(ann, gus)
        await h.commit(DeleteRoom(deleted, ann))
        assert h.read(members.companions, ann, 2, 100) == {ann, bob}
        assert h.read(members.companions, ann, 5, 100) == {ann, bob, eve, dan, fay}
        assert h.read(members.companions, gus, 5, 100) == set()


async def test_partners_of_direct_rooms(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        rooms = []
        for partner in (bob, eve):
            made = await h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=partner))
            assert made.room is not None
            rooms.append(made.room.number)
        found = h.read(members.partners, ann, rooms)
        assert {room: user.number for room, user in found.items()} == dict(zip(rooms, (bob, eve), strict=True))
        assert h.read(members.partners, ann, []) == {}


async def test_membership_in_more_rooms_than_a_statement_has_parts(tmp_path: Path) -> None:
    """`hello` takes 2,000 cursors; SQLite takes no expression of more than 1,000 parts."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        found = h.read(members.some, [(number, ann) for number in range(5_000)])
        assert [(member.room, member.user) for member in found] == [(room, ann)]
        assert h.read(members.some, []) == []


async def test_saving_a_member_never_takes_a_receipt_back(tmp_path: Path) -> None:
    """Rule 5: a receipt may be flushed between the loading of a member and its writing (on PostgreSQL)."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        old = h.member(room, ann)
        assert old is not None
        await h.accepted(Post(room, ann, "1"), Post(room, ann, "2"))
        await h.writer.run(members.save, [replace(old, changed_seq=9)])
        new = h.member(room, ann)
        assert new is not None
        assert (new.read_index, new.delivered_index, new.changed_seq) == (2, 2, 9)


async def test_who_left_stays_as_a_row(tmp_path: Path) -> None:
    """Rule 6: so that resume can tell it."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        h.clock.advance(1)
        await h.accepted(Leave(room, bob), ChangeRoom(room, ann, title="later"))
        member = h.member(room, bob)
        assert member is not None
        assert (member.left_at, member.changed_seq) == (h.clock.now(), 3)
        assert h.read(members.named, room, ["ann", "bob"]) == [h.user(ann)]
