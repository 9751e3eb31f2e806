"""Invitations as rows."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from tertulia.domain.models import Invite, Role
from tertulia.storage.engines import hold
from tertulia.storage.tables import invites, members, rooms

COLUMNS = tuple(
    invites.c[name]
    for name in (
        "number", "id", "code", "room", "by", "created_at", "expires_at", "max_uses", "uses", "revoked_at",
    )
)  # fmt: skip


def invite_of(row: Any) -> Invite:
    return Invite(*row)


def _good(now: int) -> ColumnElement[bool]:
    """As `domain.invites.is_good`."""
    return and_(
        invites.c.revoked_at.is_(None),
        or_(invites.c.expires_at.is_(None), invites.c.expires_at > now),
        or_(invites.c.max_uses.is_(None), invites.c.uses < invites.c.max_uses),
    )


def _to(room: int | None) -> ColumnElement[bool]:
    return invites.c.room.is_(None) if room is None else invites.c.room == room


def create(connection: Connection, invite: Invite) -> Invite:
    """As stored; its `number` is not looked at."""
    values = {column.name: getattr(invite, column.name) for column in COLUMNS if column.name != "number"}
    return invite_of(connection.execute(insert(invites).values(values).returning(*COLUMNS)).one())


def by_code(connection: Connection, code: str, *, lock: bool = False) -> Invite | None:
    """Good or not; None also when its room is deleted. `lock`: nobody else uses it until the end of the transaction."""
    there = rooms.c.number.is_not(None) & rooms.c.deleted_at.is_(None)
    query = (
        select(*COLUMNS)
        .join_from(invites, rooms, rooms.c.number == invites.c.room, isouter=True)
        .where(invites.c.code == code, or_(invites.c.room.is_(None), there))
    )
    if lock:
        query = query.with_for_update(key_share=True, of=invites)
    row = connection.execute(query).first()
    return invite_of(row) if row else None


def load(connection: Connection, numbers: Collection[int]) -> dict[int, Invite]:
    """Those of `numbers` that are there, good or not, locked: who signs up by one uses it, too."""
    query = select(*COLUMNS).where(invites.c.number.in_(sorted(numbers))).order_by(invites.c.number)
    query = query.with_for_update(key_share=True)
    return {row[0]: invite_of(row) for row in connection.execute(query)} if numbers else {}


def count_uses(connection: Connection, uses: Mapping[int, int]) -> None:
    """So many more uses of invitations (by number) that this transaction found good, under the lock of their room."""
    if uses:
        rows = [{"_number": number, "_more": more} for number, more in uses.items()]
        connection.execute(_USED, rows)


_USED = (
    update(invites)
    .where(invites.c.number == bindparam("_number"))
    .values(uses=invites.c.uses + bindparam("_more", type_=Integer))
)


def count_open(connection: Connection, room: int | None, now: int) -> int:
    """How many good ones there are to a room, or to the server; there will be no more until the transaction ends."""
    hold(connection, f"invites {room}")
    return connection.scalar(select(func.count()).select_from(invites).where(_to(room), _good(now))) or 0


def open_to(connection: Connection, room: int | None, now: int, after: int, limit: int) -> list[Invite]:
    """Good ones, oldest first, whose number is greater than `after`."""
    query = (
        select(*COLUMNS).where(_to(room), _good(now), invites.c.number > after).order_by(invites.c.number).limit(limit)
    )
    return [invite_of(row) for row in connection.execute(query)]


def revoke(connection: Connection, room: int | None, id_: str, now: int) -> Invite | None:
    """End a good one; None: there is no such."""
    query = update(invites).where(invites.c.id == id_, _to(room), _good(now)).values(revoked_at=now).returning(*COLUMNS)
    row = connection.execute(query).first()
    return invite_of(row) if row else None


# Whoever may not invite any more leaves none that is good: in a room (`domain/decisions/state.py`), as staff, at all
# (`storage/standing.py`).


def revoke_by(connection: Connection, makers: Collection[tuple[int, int]], now: int) -> None:
    """End those that were made by (room, user)."""
    if makers:
        connection.execute(_REVOKED, [{"_room": room, "_by": by, "_now": now} for room, by in makers])


_REVOKED = (
    update(invites)
    .where(invites.c.room == bindparam("_room"), invites.c.by == bindparam("_by"), invites.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("_now"))
)


def revoke_all_by(connection: Connection, user: int, now: int, *, keep: Collection[Role] = ()) -> None:
    """End those of the user, wherever they lead; `keep`: not those to rooms where the user has one of these roles."""
    query = update(invites).where(invites.c.by == user, invites.c.revoked_at.is_(None)).values(revoked_at=now)
    if keep:
        kept = select(members.c.room).where(
            members.c.user == user, members.c.left_at.is_(None), members.c.role.in_([role.value for role in keep])
        )
        query = query.where(or_(invites.c.room.is_(None), invites.c.room.not_in(kept)))
    connection.execute(query)


def purge(connection: Connection, room: int | None, before: int, limit: int) -> None:
    """Remove some that have been of no use since that time."""
    ended = or_(invites.c.revoked_at < before, invites.c.expires_at < before)
    old = select(invites.c.number).where(_to(room), ended).limit(limit)
    connection.execute(delete(invites).where(invites.c.number.in_(old)))
