"""Rooms as rows: locked and written by the committer, found by everybody else, purged when they are deleted."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    Connection,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from tertulia.domain.models import Room, RoomKind
from tertulia.storage import engines
from tertulia.storage.keys import as_list, given, matches
from tertulia.storage.prepared import Prepared
from tertulia.storage.tables import bans, invites, members, mentions, messages, reactions, room_mentions, rooms

COLUMNS = tuple(
    rooms.c[name]
    for name in (
        "number", "id", "kind", "name", "title", "description", "owner", "head_seq", "message_count",
        "first_index", "access_seq", "settings_seq", "created_at", "last_at", "member_count", "direct_key",
        "external_id", "archived", "deleted_at", "slow_mode", "retention_days", "metadata", "exclusive", "join_by_id",
    )
)  # fmt: skip
"""What `room_of` takes, in its order."""

WIDTH = len(COLUMNS)


def room_of(row: Any) -> Room:
    """A room from the first `WIDTH` columns of a row."""
    return Room(row[0], row[1], RoomKind(row[2]), *row[3:WIDTH])


def lock(connection: Connection, numbers: Collection[int], *, skip_held: bool = False) -> dict[int, Room]:
    """Lock rooms in the order of their numbers and say how they are: the first statement of every batch.

    `skip_held`: leave out those that somebody else holds, instead of waiting for them.
    """
    statement = _LOCK_FREE if skip_held else _LOCK
    return {row[0]: room_of(row) for row in connection.execute(statement, {"numbers": list(numbers)})}


# Made once: building a statement takes longer than running it.
_WANTED = (
    select(*COLUMNS)
    .where(rooms.c.number.in_(bindparam("numbers", expanding=True)), rooms.c.deleted_at.is_(None))
    .order_by(rooms.c.number)
)
# FOR NO KEY UPDATE; SQLite has locked the whole database already.
_LOCK = _WANTED.with_for_update(key_share=True)
_LOCK_FREE = _WANTED.with_for_update(key_share=True, skip_locked=True)


def hold(connection: Connection, room_id: str) -> None:
    """Until the end of the transaction nothing happens in the room. What was read before may be old."""
    query = select(rooms.c.number).where(rooms.c.id == room_id, rooms.c.deleted_at.is_(None))
    connection.execute(query.with_for_update(key_share=True))


def there(connection: Connection, numbers: Collection[int]) -> set[int]:
    """Those of `numbers` that are there, locked or not."""
    query = select(rooms.c.number).where(rooms.c.number.in_(numbers), rooms.c.deleted_at.is_(None))
    return set(connection.scalars(query)) if numbers else set()


def by_number(connection: Connection, number: int) -> Room | None:
    row = connection.execute(_BY_NUMBER, {"wanted": number}).first()
    return room_of(row) if row and row.deleted_at is None else None


_BY_NUMBER = select(*COLUMNS).where(rooms.c.number == bindparam("wanted"))


def by_numbers(connection: Connection, numbers: Collection[int]) -> dict[int, Room]:
    """Those of `numbers` that are there."""
    if not numbers:
        return {}
    wanted = {"wanted": as_list([(number,) for number in numbers])}
    return {row[0]: room_of(row) for row in connection.execute(_BY_NUMBERS, wanted).all()}


_BY_NUMBERS = select(*COLUMNS).where(matches(given("wanted"), rooms.c.number), rooms.c.deleted_at.is_(None))


def by_id(connection: Connection, room_id: str) -> Room | None:
    query = select(*COLUMNS).where(rooms.c.id == room_id, rooms.c.deleted_at.is_(None))
    row = connection.execute(query).first()
    return room_of(row) if row else None


def by_ids(connection: Connection, room_ids: Collection[str]) -> list[Room]:
    """Those of `room_ids` that are there."""
    query = select(*COLUMNS).where(rooms.c.id.in_(room_ids), rooms.c.deleted_at.is_(None))
    return [room_of(row) for row in connection.execute(query)] if room_ids else []


def numbers(connection: Connection, room_ids: Collection[str]) -> dict[str, int]:
    """The numbers of those of `room_ids` that are there."""
    query = select(rooms.c.id, rooms.c.number).where(rooms.c.id.in_(room_ids), rooms.c.deleted_at.is_(None))
    return {row.id: row.number for row in connection.execute(query)}


def by_direct_key(connection: Connection, key: str) -> Room | None:
    row = connection.execute(select(*COLUMNS).where(rooms.c.direct_key == key)).first()
    return room_of(row) if row else None


def by_external_id(connection: Connection, external_id: str) -> Room | None:
    query = select(*COLUMNS).where(rooms.c.external_id == external_id, rooms.c.deleted_at.is_(None))
    row = connection.execute(query).first()
    return room_of(row) if row else None


_IS_PUBLIC = rooms.c.kind == literal_column("'public'")  # no parameter, so that the partial index serves
_HAS_OWN_NAME = or_(_IS_PUBLIC, rooms.c.exclusive)


def taken(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of `names` that some room has as its own."""
    return set(connection.execute(select(rooms.c.name).where(rooms.c.name.in_(names), _HAS_OWN_NAME)).scalars())


def by_own_name(connection: Connection, name: str) -> Room | None:
    """The room whose own name it is."""
    query = select(*COLUMNS).where(rooms.c.name == name, _HAS_OWN_NAME, rooms.c.deleted_at.is_(None))
    row = connection.execute(query).first()
    return room_of(row) if row else None


def newest_public(connection: Connection, user: int | None, limit: int) -> list[Room]:
    """The newest public rooms, newest first, without archived ones.

    And without those of which `user` is a member, or from which they are banned.
    """
    query = (
        select(*COLUMNS)
        .where(_IS_PUBLIC, rooms.c.deleted_at.is_(None), rooms.c.archived.is_(False))
        .order_by(rooms.c.number.desc())
        .limit(limit)
    )
    if user is not None:
        is_member = (members.c.room == rooms.c.number) & (members.c.user == user) & members.c.left_at.is_(None)
        is_banned = (bans.c.room == rooms.c.number) & (bans.c.user == user)
        query = query.where(~exists().where(is_member), ~exists().where(is_banned))
    return [room_of(row) for row in connection.execute(query)]


def heads(connection: Connection, room_numbers: Collection[int]) -> dict[int, int]:
    """The head of each room that is there."""
    wanted = {"wanted": as_list([(number,) for number in room_numbers])}
    return {row[0]: row[1] for row in connection.execute(_HEADS, wanted).all()} if room_numbers else {}


_HEADS = select(rooms.c.number, rooms.c.head_seq).where(
    matches(given("wanted"), rooms.c.number), rooms.c.deleted_at.is_(None)
)


def directory(
    connection: Connection, query: str, user: int, after: tuple[int, int] | None, limit: int
) -> list[tuple[Room, bool]]:
    """Public rooms whose name or title contains `query`, largest first, and whether `user` is a member.

    `after`: (member_count, number) of the last one of the page before.
    """
    mine = (members.c.room == rooms.c.number) & (members.c.user == user) & members.c.left_at.is_(None)
    statement = (
        select(*COLUMNS, members.c.user.is_not(None))
        .select_from(rooms.outerjoin(members, mine))
        .where(rooms.c.kind == RoomKind.PUBLIC, rooms.c.deleted_at.is_(None), rooms.c.archived.is_(False))
        .where(~exists().where(bans.c.room == rooms.c.number, bans.c.user == user))
        .order_by(rooms.c.member_count.desc(), rooms.c.number)
        .limit(limit)
    )
    if query:
        text = query.lower()
        statement = statement.where(
            or_(
                func.lower(rooms.c.name).contains(text, autoescape=True),
                func.lower(rooms.c.title).contains(text, autoescape=True),
            )
        )
    if after is not None:
        count, number = after
        statement = statement.where(
            or_(rooms.c.member_count < count, (rooms.c.member_count == count) & (rooms.c.number > number))
        )
    return [(room_of(row), bool(row[WIDTH])) for row in connection.execute(statement)]


def create(connection: Connection, room: Room) -> int:
    """Its number; `room.number` is not looked at."""
    values = {column.name: getattr(room, column.name) for column in COLUMNS if column.name != "number"}
    values["kind"] = room.kind.value
    result = connection.execute(insert(rooms).values(values).returning(rooms.c.number))
    return int(result.scalar_one())


def _update(*names: str) -> Update:
    """Sets these columns of the room `_number`, each by a parameter with an underscore before its name."""
    values: dict[str, Any] = {name: bindparam(f"_{name}") for name in names}
    return update(rooms).where(rooms.c.number == bindparam("_number")).values(values)


_SAVED = (
    "name", "title", "description", "owner", "head_seq", "message_count", "first_index", "access_seq",
    "settings_seq", "member_count", "last_at", "external_id", "archived", "deleted_at", "slow_mode",
    "retention_days", "metadata",
)  # fmt: skip
_SAVE = _update(*_SAVED)
_COUNTS = ("head_seq", "message_count", "last_at")
_SAVE_COUNTS = Prepared(_update(*_COUNTS), (*(f"_{name}" for name in _COUNTS), "_number"))


def save(connection: Connection, changed: Iterable[Room]) -> None:
    """Write back rooms that were locked in this transaction."""
    rows = [{f"_{name}": getattr(room, name) for name in ("number", *_SAVED)} for room in changed]
    if rows:
        connection.execute(_SAVE, rows)


def save_counts(connection: Connection, changed: Iterable[tuple[int, int, int, int]]) -> None:
    """(number, head_seq, message_count, last_at) of locked rooms in which only messages changed."""
    _SAVE_COUNTS.run(connection, ((head, count, last, number) for number, head, count, last in changed))


PURGE_ROWS = 500


def purge_slice(connection: Connection) -> bool:
    """Remove some rows of a deleted room, and the room with its last ones; whether there may be more to do."""
    engines.hold(connection, "purge")
    number = connection.execute(select(rooms.c.number).where(rooms.c.deleted_at.is_not(None)).limit(1)).scalar()
    if number is None:
        return False
    for table in (reactions, mentions, room_mentions, bans, invites, messages, members):
        key = list(table.primary_key.columns)
        some = select(*key).where(table.c.room == number).limit(PURGE_ROWS)
        wanted = tuple_(*key).in_(some) if len(key) > 1 else key[0].in_(some)
        if connection.execute(delete(table).where(wanted)).rowcount:
            return True
    connection.execute(delete(rooms).where(rooms.c.number == number))
    return True
