"""What `tertulia demo` made: told apart by `is_demo` from what people made themselves."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, not_, or_, select, update

from tertulia.domain.models import RoomKind, User
from tertulia.storage import accounts, avatars, sessions
from tertulia.storage.accounts import NewUser
from tertulia.storage.tables import links, members, mentions, messages, reactions, rooms, users
from tertulia.storage.tables import sessions as sessions_table
from tertulia.storage.users import bump, bump_members

_PEOPLE = select(users.c.number).where(users.c.is_demo)
_HERE = members.c.left_at.is_(None)
_REAL_MEMBERS = select(members.c.room).where(_HERE, members.c.user.not_in(_PEOPLE))


def counts(connection: Connection) -> tuple[int, int]:
    """(real accounts, people of a demo that is still there)."""
    real = connection.scalar(select(func.count()).where(not_(users.c.is_demo)))
    playing = connection.scalar(select(func.count()).where(users.c.is_demo, users.c.is_active))
    return real or 0, playing or 0


def usernames_taken(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of `names` that somebody has, or signs in with."""
    return {name for name in names if accounts.name_taken(connection, name)}


def create_person(connection: Connection, new: NewUser) -> User:
    """An account, marked in the same transaction."""
    user = accounts.create(connection, new)
    connection.execute(update(users).where(users.c.number == user.number).values(is_demo=True))
    return user


def mark_rooms(connection: Connection, numbers: Collection[int]) -> None:
    connection.execute(update(rooms).where(rooms.c.number.in_(numbers)).values(is_demo=True))


def guests(connection: Connection) -> list[tuple[int, int]]:
    """(room, user) of people of the demo who are members where they can leave: rooms with real people in them."""
    query = (
        select(members.c.room, members.c.user)
        .join(rooms, rooms.c.number == members.c.room)
        .where(
            members.c.user.in_(_PEOPLE),
            _HERE,
            rooms.c.deleted_at.is_(None),
            rooms.c.is_demo.is_(False),
            rooms.c.kind != RoomKind.DIRECT,
            or_(rooms.c.owner.is_(None), rooms.c.number.in_(_REAL_MEMBERS), rooms.c.owner.not_in(_PEOPLE)),
        )
    )
    return [(row.room, row.user) for row in connection.execute(query)]


def delete_rooms(connection: Connection, now: int) -> int:
    """Rooms of the demo are gone for all, as if their owners had deleted them; how many. Their rows are purged later.

    So are rooms that its people own without a real person in them: nobody would ever find into these again.
    """
    abandoned = rooms.c.owner.in_(_PEOPLE) & rooms.c.number.not_in(_REAL_MEMBERS)
    wanted = select(rooms.c.number).where(rooms.c.deleted_at.is_(None), or_(rooms.c.is_demo, abandoned))
    numbers = list(connection.scalars(wanted))
    connection.execute(
        update(rooms)
        .where(rooms.c.number.in_(numbers))
        .values(deleted_at=now, name=None, external_id=None, direct_key=None)
    )
    bump_members(connection, numbers)
    return len(numbers)


def retire_people(connection: Connection, now: int) -> int:
    """Nobody can sign in as one of them or find them, what they are signed in with ends, their names are free."""
    numbers = list(connection.scalars(_PEOPLE.where(users.c.is_active)))
    for number in numbers:
        sessions.end_all(connection, number, now)
        avatars.drop(connection, number)
        connection.execute(
            update(users)
            .where(users.c.number == number)
            .values(
                username=f"removed-{number}",
                username_folded=None,
                first_name="",
                last_name="",
                email=None,
                email_login=None,
                avatar=None,
                password_hash=None,
                is_active=False,
            )
        )
    bump(connection, numbers)
    return len(numbers)


def forget_people(connection: Connection) -> None:
    """Remove the rows of retired people of whom nothing is left elsewhere. Not beside a running server: it learns from
    these rows that they are gone.
    """
    left = [
        select(column).where(column.is_not(None))
        for column in (members.c.user, messages.c.sender, mentions.c.user, reactions.c.user, rooms.c.owner)
    ]
    gone = _PEOPLE.where(not_(users.c.is_active), *(users.c.number.not_in(trace) for trace in left))
    numbers = list(connection.scalars(gone))
    connection.execute(delete(sessions_table).where(sessions_table.c.user.in_(numbers)))
    connection.execute(delete(links).where(links.c.user.in_(numbers)))
    connection.execute(delete(users).where(users.c.number.in_(numbers)))
