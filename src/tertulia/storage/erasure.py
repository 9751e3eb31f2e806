"""Deleted accounts: what is left of one, and what is still to be done."""

from sqlalchemy import ColumnElement, Connection, and_, delete, func, not_, or_, select, update

from tertulia.domain.models import Message, User
from tertulia.domain.usernames import DELETED
from tertulia.storage import avatars, external, links, messages, sessions, standing, users
from tertulia.storage.tables import audit, blocks, members, reports
from tertulia.storage.tables import messages as messages_table
from tertulia.storage.tables import users as users_table

LEAVE, BLANK = "leave", "blank"
NOTICES_AT_ONCE = 100
SPAN = 5_000
"""Indexes that are looked through at once."""


def delete_account(connection: Connection, user: User, now: int, *, blank: bool) -> list[str]:
    """Nothing personal stays in the row, and nobody signs in with it; the ids of the sessions that ended.

    What is left to do in rooms is remembered (`pending`); again is no error. Raises `forbidden` for the last one of the
    staff.
    """
    if user.external_id is not None:
        external.bury(connection, user.external_id, now)
    standing.end(connection, user.number, now)
    connection.execute(
        update(users_table)
        .where(users_table.c.number == user.number)
        .values(
            username=_free_name(connection, user),
            username_folded=None,
            email=None,
            email_login=None,
            email_confirmed_at=None,
            external_id=None,
            first_name="",
            last_name="",
            avatar=None,
            metadata=None,
            password_hash=None,
            is_staff=False,
            is_active=False,
            last_seen_at=None,
            deleted_at=now,
            sessions_ended_at=now,
            erasing=BLANK if blank else func.coalesce(users_table.c.erasing, LEAVE),
        )
    )
    connection.execute(delete(blocks).where(or_(blocks.c.user == user.number, blocks.c.blocked == user.number)))
    links.drop(connection, user.number)
    avatars.drop(connection, user.number)
    _blank_reports(connection, user.number, blank=blank)
    users.bump(connection, [user.number])
    return sessions.end_all(connection, user.number, now)


def _blank_reports(connection: Connection, number: int, *, blank: bool) -> None:
    """Reports forget what the user was called, and with `blank` what they wrote, too."""
    about = update(reports).where(reports.c.user == number)
    connection.execute((about if blank else about.where(reports.c.message_id.is_(None))).values(body=None))


def _free_name(connection: Connection, user: User) -> str:
    """`deleted-7`; nobody can choose it, but somebody may have it from before that was so."""
    name = f"{DELETED}{user.number}"
    taken = connection.scalar(select(users_table.c.number).where(users_table.c.username == name))
    return name if taken in (None, user.number) else f"{DELETED}{user.id}"


def pending(connection: Connection) -> tuple[User, bool] | None:
    """A deleted user whose rooms do not know of it yet, and whether their messages are to be blanked."""
    query = (
        select(*users.COLUMNS, users_table.c.erasing)
        .where(users_table.c.erasing.is_not(None))
        .order_by(users_table.c.number)
        .limit(1)
    )
    row = connection.execute(query).first()
    return (users.user_of(row), row.erasing == BLANK) if row else None


def done(connection: Connection, number: int, blank: bool) -> None:
    """Rooms know of it; what was reported meanwhile is blanked, too. If more is wanted by now, it is still pending."""
    _blank_reports(connection, number, blank=blank)
    which = (users_table.c.number == number, users_table.c.erasing == (BLANK if blank else LEAVE))
    connection.execute(update(users_table).where(*which).values(erasing=None))


def deleted(connection: Connection) -> dict[str, bool]:
    """Ids of deleted users, and whether anything that they wrote has its text still."""
    talking = select(messages_table.c.sender).where(
        messages_table.c.index.is_not(None), messages_table.c.deleted_at.is_(None)
    )
    query = select(users_table.c.id, users_table.c.number.in_(talking).label("talks"))
    rows = connection.execute(query.where(users_table.c.deleted_at.is_not(None)))
    return {row.id: bool(row.talks) for row in rows}


def rooms_of(connection: Connection, user: User) -> list[int]:
    """Rooms in which the user is or was a member, posted (by a server key), or a notice may name them.

    Notices name who came and went, and who did it; of whoever did it without being a member the audit log knows.
    """
    joined = select(members.c.room).where(members.c.user == user.number)
    acted = select(audit.c.room).where(audit.c.actor == user.number, audit.c.room.is_not(None))
    return sorted(connection.scalars(joined.union(acted, messages.posted_in(user.number))))


def notices_naming(connection: Connection, room: int, user: User) -> list[Message]:
    """Some of the notices of the room that name the user other than as deleted."""
    query = messages.selected().where(messages_table.c.room == room, _names(user)).limit(NOTICES_AT_ONCE)
    return messages.fetch(connection, query)


def _names(user: User) -> ColumnElement[bool]:
    """`user` as it is after the deletion."""
    notice = messages_table.c.notice
    return and_(
        messages_table.c.index.is_(None),
        notice.contains(f'"id": "{user.id}"', autoescape=True),
        not_(notice.contains(f'"username": "{user.username}"', autoescape=True)),
    )


def written_by(connection: Connection, room: int, sender: int, first: int) -> tuple[list[int], int | None]:
    """Indexes of the sender's messages that are not deleted, of `SPAN` from `first` on; where to go on, if anywhere."""
    where = (messages_table.c.room == room, messages_table.c.index.between(first, first + SPAN - 1))
    query = select(messages_table.c.index).where(
        *where, messages_table.c.sender == sender, messages_table.c.deleted_at.is_(None)
    )
    found = list(connection.scalars(query))
    more = connection.scalar(
        select(messages_table.c.index)
        .where(messages_table.c.room == room, messages_table.c.index >= first + SPAN)
        .limit(1)
    )
    return found, None if more is None else first + SPAN
