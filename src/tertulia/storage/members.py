"""Members: users in rooms. Who left stays as a row."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.selectable import TableValuedAlias

from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.mentions import MENTIONS_CEILING
from tertulia.domain.models import Member, Notify, Role, Room, RoomKind, User
from tertulia.storage import rooms, users
from tertulia.storage.engines import insert
from tertulia.storage.keys import as_list, given, listed, matches
from tertulia.storage.prepared import Prepared
from tertulia.storage.tables import blocks, members, mentions, room_mentions
from tertulia.storage.tables import rooms as rooms_table
from tertulia.storage.tables import users as users_table

COLUMNS = tuple(
    members.c[name]
    for name in (
        "room", "user", "role", "read_index", "delivered_index", "joined_at", "left_at", "changed_seq",
        "muted_until", "last_post_at", "notify", "hidden_index", "unread_from",
    )
)  # fmt: skip
"""What `member_of` takes, in its order."""

WIDTH = len(COLUMNS)


def member_of(row: Any) -> Member:
    """A member from the first `WIDTH` columns of a row."""
    room, user, role, read, delivered, joined, left, changed, muted, posted, notify, hidden, unread = row[:WIDTH]
    return Member(
        room, user, _ROLES[role], read, delivered, joined, left, changed, muted, posted, _NOTIFY[notify], hidden, unread
    )


_ROLES = {role.value: role for role in Role}  # sooner than to ask the class, and rows are many
_NOTIFY = {notify.value: notify for notify in Notify}


def one(connection: Connection, room: int, user: int) -> Member | None:
    """The row, also of somebody who left."""
    row = connection.execute(_ONE, {"_room": room, "_user": user}).first()
    return member_of(row) if row else None


_ONE = select(*COLUMNS).where(members.c.room == bindparam("_room"), members.c.user == bindparam("_user"))


def some(connection: Connection, pairs: Collection[tuple[int, int]]) -> list[Member]:
    """The rows of (room, user) pairs, also of people who left; those without a row are left out."""
    if not pairs:
        return []
    query = select(*COLUMNS).where(matches(listed(pairs), members.c.room, members.c.user))
    return [member_of(row) for row in connection.execute(query)]


def page(connection: Connection, room: int, after: tuple[int, int] | None, limit: int) -> list[tuple[Member, User]]:
    """Who is a member now, in the order of joining; `after`: (joined_at, user) of the last one before."""
    query = (
        select(*COLUMNS, *users.COLUMNS)
        .join(users_table, users_table.c.number == members.c.user)
        .where(members.c.room == room, members.c.left_at.is_(None))
        .order_by(members.c.joined_at, members.c.user)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(members.c.joined_at, members.c.user) > tuple_(*after))
    return [(member_of(row), users.user_of(row[WIDTH:])) for row in connection.execute(query)]


def first_of(connection: Connection, room_numbers: Collection[int], limit: int) -> dict[int, list[User]]:
    """The first `limit` members of each room, in the order of joining, without those who are deactivated."""
    if not room_numbers:
        return {}
    wanted = listed([(room,) for room in room_numbers])
    query = (
        select(members.c.room, *users.COLUMNS)
        .join(users_table, users_table.c.number == members.c.user)
        .where(
            matches(wanted, members.c.room),
            members.c.left_at.is_(None),
            members.c.joined_at <= func.coalesce(_last_joined(wanted, limit), MAX_INTEGER),
        )
        .order_by(members.c.room, members.c.joined_at, members.c.user)
    )
    found: dict[int, list[User]] = {}
    for room, rows in groupby(connection.execute(query), itemgetter(0)):
        first = [users.user_of(row[1:]) for row in islice(rows, limit)]
        found[room] = [user for user in first if user.is_active]
    return found


def _last_joined(wanted: TableValuedAlias, limit: int) -> ScalarSelect[int]:
    """When the last of the first `limit` members of a room joined; nothing if there are fewer.

    So that of large rooms no more is read: neither database can be asked for a few rows of each room.
    """
    first = members.alias()
    query = (
        select(first.c.joined_at)
        .where(matches(wanted, first.c.room), first.c.left_at.is_(None))
        .order_by(first.c.joined_at, first.c.user)
        .offset(limit - 1)
        .limit(1)
    )
    return query.correlate(wanted).scalar_subquery()


def heirs(connection: Connection, room: int, limit: int) -> list[int]:
    """The users who may become the owner: the oldest admins, then the oldest members; at most `limit` of each."""
    found: list[int] = []
    for admins in (True, False):
        query = (
            select(members.c.user)
            .where(
                members.c.room == room, members.c.left_at.is_(None), (members.c.role == Role.ADMIN.value).is_(admins)
            )
            .order_by(members.c.joined_at, members.c.user)
            .limit(limit)
        )
        found += connection.execute(query).scalars()
    return found


def named(connection: Connection, room: int, usernames: Collection[str]) -> list[User]:
    """Those members of the room who have one of `usernames`."""
    found = users.by_usernames(connection, usernames)
    rows = some(connection, [(room, number) for number in found])
    return [found[member.user] for member in rows if member.left_at is None]


def rooms_of(
    connection: Connection,
    user: int,
    limit: int,
    offset: int = 0,
    *,
    hidden: bool = True,
    archived: bool | None = None,
    kinds: Collection[RoomKind] | None = None,
) -> list[tuple[Room, Member]]:
    """The user's rooms, the most recently active first; those that they hid only if `hidden`.

    `archived`: only those that are, or only the others. `kinds`: only of these.
    """
    query = (
        _joined_by(user).order_by(rooms_table.c.last_at.desc(), rooms_table.c.number.desc()).limit(limit).offset(offset)
    )
    if not hidden:
        shown = members.c.hidden_index.is_(None) | (rooms_table.c.message_count > members.c.hidden_index)
        query = query.where(shown)
    if archived is not None:
        query = query.where(rooms_table.c.archived.is_(archived))
    if kinds is not None:
        query = query.where(rooms_table.c.kind.in_(kinds))
    return _rooms(connection, query)


def followed(connection: Connection, who: Collection[int], limit: int) -> dict[int, list[tuple[Room, Member]]]:
    """`rooms_of`, also hidden ones, for many users: by user, without those who have none."""
    wanted = {"who": as_list([(user,) for user in who])}
    crowded = set(connection.scalars(_IN_MANY, {**wanted, "most": limit}))
    if crowded:  # one by one: a place for each row of all of them would take longer than the rest
        wanted = {"who": as_list([(user,) for user in who if user not in crowded])}
    rows = connection.execute(_FOLLOWED, wanted).all()
    there = rooms.by_numbers(connection, {row[0] for row in rows})
    found: dict[int, list[tuple[Room, Member]]] = defaultdict(list)
    for row in rows:
        found[row[1]].append((there[row[0]], member_of(row)))
    return found | {user: rooms_of(connection, user, limit) for user in crowded}


_IS_IN = and_(matches(given("who"), members.c.user), members.c.left_at.is_(None))
_IN_MANY = select(members.c.user).where(_IS_IN).group_by(members.c.user).having(func.count() > bindparam("most"))
_FOLLOWED = (
    select(*COLUMNS)
    .join(rooms_table, rooms_table.c.number == members.c.room)
    .where(_IS_IN, rooms_table.c.deleted_at.is_(None))
    .order_by(members.c.user, rooms_table.c.last_at.desc(), rooms_table.c.number.desc())
)


def room_named(connection: Connection, user: int, name: str) -> tuple[Room, Member] | None:
    """The oldest of the user's rooms with that name; one without a name goes by its title."""
    called = func.coalesce(rooms_table.c.name, rooms_table.c.title) == name
    query = _joined_by(user).where(called).order_by(rooms_table.c.number).limit(1)
    found = _rooms(connection, query)
    return found[0] if found else None


def _joined_by(user: int) -> Select[Any]:
    return (
        select(*rooms.COLUMNS, *COLUMNS)
        .join(members, members.c.room == rooms_table.c.number)
        .where(members.c.user == user, members.c.left_at.is_(None), rooms_table.c.deleted_at.is_(None))
    )


def _rooms(connection: Connection, query: Select[Any]) -> list[tuple[Room, Member]]:
    return [(rooms.room_of(row), member_of(row[rooms.WIDTH :])) for row in connection.execute(query)]


def mention_counts(connection: Connection, user: int, in_rooms: Collection[int]) -> dict[int, int]:
    """How often the user, or the whole room, is mentioned in what they have not read, up to `MENTIONS_CEILING`.

    `@room` by somebody whom the user blocks does not count; their mentions of the user were never stored.
    """
    found = mention_counts_of(connection, [(room, user) for room in in_rooms])
    return {room: found.get((room, user), 0) for room in in_rooms}


def mention_counts_of(connection: Connection, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """`mention_counts` of (room, user) pairs, without those that have none: nearly all."""
    return _counted(connection, _COUNTS_OF_PAIRS, "pairs", pairs) if pairs else {}


def mention_counts_for(connection: Connection, who: Collection[int]) -> dict[tuple[int, int], int]:
    """`mention_counts_of` all rooms of these users."""
    return _counted(connection, _COUNTS_FOR_USERS, "who", [(user,) for user in who]) if who else {}


def _counted(
    connection: Connection, query: Select[Any], name: str, keys: Collection[tuple[int, ...]]
) -> dict[tuple[int, int], int]:
    rows = connection.execute(query, {name: as_list(keys)}).all()
    return {(row[0], row[1]): min(row[2], MENTIONS_CEILING) for row in rows}


_SEEN = case((members.c.unread_from <= members.c.read_index, members.c.unread_from - 1), else_=members.c.read_index)
"""As `Member.seen_index`."""
_BEFORE = case((rooms_table.c.first_index > _SEEN, rooms_table.c.first_index - 1), else_=_SEEN)
"""What is too old for the room is not counted either, while its rows are still there."""
_PERSONAL = select(mentions.c.index).where(
    mentions.c.user == members.c.user, mentions.c.room == members.c.room, mentions.c.index > _BEFORE
)
_WHOLE_ROOM = select(room_mentions.c.index).where(
    room_mentions.c.room == members.c.room,
    room_mentions.c.index > _BEFORE,
    room_mentions.c.sender != members.c.user,
    ~exists()
    .where(blocks.c.user == members.c.user, blocks.c.blocked == room_mentions.c.sender)
    .correlate(members, room_mentions),
    ~exists()
    .where(
        mentions.c.user == members.c.user,
        mentions.c.room == room_mentions.c.room,
        mentions.c.index == room_mentions.c.index,
    )
    .correlate(members, room_mentions),
)
"""Without those that name the user as well: it is messages that are counted."""


def _count(rows: Select[Any]) -> ScalarSelect[int]:
    some = rows.limit(MENTIONS_CEILING).correlate(members, rooms_table).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


_COUNTS = (
    select(members.c.room, members.c.user, _count(_PERSONAL) + _count(_WHOLE_ROOM))
    .join(rooms_table, rooms_table.c.number == members.c.room)
    .where(or_(*(exists(rows.correlate(members, rooms_table)) for rows in (_PERSONAL, _WHOLE_ROOM))))
)
"""Only where there is one: that is found out sooner than counted."""
_COUNTS_OF_PAIRS = _COUNTS.where(matches(given("pairs"), members.c.room, members.c.user))
_COUNTS_FOR_USERS = _COUNTS.where(_IS_IN)


def partners(connection: Connection, user: int, direct_rooms: Collection[int]) -> dict[int, User]:
    """The other person of each direct room."""
    found = partners_of(connection, [(room, user) for room in direct_rooms])
    return {room: other for (room, _), other in found.items()}


def partners_of(connection: Connection, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], User]:
    """The other person for each (direct room, user)."""
    if not pairs:
        return {}
    both: dict[int, list[User]] = defaultdict(list)
    for row in connection.execute(_OF_DIRECT, {"direct": as_list([(room,) for room, _ in pairs])}):
        both[row[0]].append(users.user_of(row[1:]))
    return {(room, user): other for room, user in pairs for other in both[room] if other.number != user}


_OF_DIRECT = (
    select(members.c.room, *users.COLUMNS)
    .join(users_table, users_table.c.number == members.c.user)
    .where(matches(given("direct"), members.c.room))
)


def companions(connection: Connection, user: int, large: int, limit: int) -> set[int]:
    """Users who share a room of at most `large` members with `user`."""
    mine = members.alias()
    query = (
        select(members.c.user)
        .distinct()
        .select_from(mine)
        .join(rooms_table, rooms_table.c.number == mine.c.room)
        .join(members, members.c.room == mine.c.room)
        .where(
            mine.c.user == user,
            mine.c.left_at.is_(None),
            rooms_table.c.member_count <= large,
            rooms_table.c.deleted_at.is_(None),
            members.c.left_at.is_(None),
        )
        .limit(limit)
    )
    return set(connection.execute(query).scalars())


def save(connection: Connection, changed: Iterable[Member]) -> None:
    """Write members as the committer decided them."""
    rows = [
        {
            "room": member.room,
            "user": member.user,
            "role": member.role.value,
            "read_index": member.read_index,
            "delivered_index": member.delivered_index,
            "joined_at": member.joined_at,
            "left_at": member.left_at,
            "muted_until": member.muted_until,
            "changed_seq": member.changed_seq,
        }
        for member in changed
    ]
    if not rows:
        return
    statement = insert(connection, members)
    updated: dict[str, Any] = {name: statement.excluded[name] for name in rows[0] if name not in ("room", "user")}
    # A receipt that was flushed since must not be taken back.
    for name in ("read_index", "delivered_index"):
        updated[name] = greater(members.c[name], statement.excluded[name])
    # Who comes back, comes to a room that is not hidden and in which nothing is marked; the rest is left alone.
    for name in ("hidden_index", "unread_from"):
        updated[name] = case((members.c.left_at.is_not(None), None), else_=members.c[name])
    connection.execute(statement.on_conflict_do_update(index_elements=["room", "user"], set_=updated), rows)


def greater(left: Any, right: Any) -> Any:
    """The greater of two numbers, in SQL that both databases know."""
    return case((left > right, left), else_=right)


_READ_OWN = Prepared(
    update(members)
    .where(members.c.room == bindparam("_room"), members.c.user == bindparam("_user"))
    .values(
        read_index=greater(members.c.read_index, bindparam("_index")),
        delivered_index=greater(members.c.delivered_index, bindparam("_index")),
        unread_from=null(),
    ),
    ("_index", "_index", "_index", "_index", "_room", "_user"),
)


_POSTED = (
    update(members)
    .where(members.c.room == bindparam("_room"), members.c.user == bindparam("_user"))
    .values(last_post_at=bindparam("_time"))
)


def save_posted(connection: Connection, posted: Iterable[tuple[int, int, int]]) -> None:
    """(room, user, time) of the newest post, in rooms with slow mode."""
    rows = [{"_room": room, "_user": user, "_time": time} for room, user, time in posted]
    if rows:
        connection.execute(_POSTED, rows)


def save_reads(connection: Connection, reads: Iterable[tuple[int, int, int]]) -> None:
    """(room, user, index): who posts has read up to the post, and nothing is marked as unread any more."""
    _READ_OWN.run(connection, ((index, index, index, index, room, user) for room, user, index in reads))
