"""What only the lock of the whole database keeps on SQLite: on PostgreSQL two do it at the same time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from support.at_once import at_once
from support.databases import ON_POSTGRESQL, new_url
from tertulia.domain.ids import new_id
from tertulia.domain.invites import check_invite, new_code
from tertulia.domain.links import Link, Purpose
from tertulia.domain.models import Invite
from tertulia.storage import accounts, api_keys, emails, external, invites, links, reports, sessions, standing, users
from tertulia.storage import tables as t
from tertulia.storage.accounts import NewUser
from tertulia.storage.database import open_engine
from tertulia.storage.external import NewExternal

CODE = new_code()
SESSION = new_id()


def account(name: str, email: str | None = None, *, exact_name: bool = False) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        new = NewUser(new_id(), name, None, 1, email, email, exact_name=exact_name)
        return accounts.create(connection, new).username

    return work


def from_backend(external_id: str, *wishes: str) -> Callable[[Connection], str]:
    return lambda connection: external.create(connection, NewExternal(new_id(), external_id, 1, wishes=wishes)).username


def address(number: int, email: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        emails.change(connection, number, email, email, None)
        return email

    return work


def off_staff(number: int) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        standing.end(connection, number, 5, only_staff=True)
        accounts.set_standing(connection, number, {"is_staff": False})
        return "off"

    return work


def by_invitation(connection: Connection) -> str:
    invite = check_invite(invites.by_code(connection, CODE, lock=True), 5)
    invites.count_uses(connection, {invite.number: 1})
    return "in"


def link(connection: Connection) -> int:
    links.replace(connection, Link(new_id(), 1, Purpose.RESET, None, 0, 100))
    return 1


def report(connection: Connection) -> str:
    if reports.open_of_user(connection, 1, 2) is not None:
        return "again"
    reports.add(connection, at=5, reporter=1, user=2, reason="spam")
    return "new"


def key(connection: Connection) -> str:
    api_keys.hold_all(connection)
    if any(found.name == "shop" for found in api_keys.active(connection, 10).values()):
        return "name_taken"
    api_keys.create(connection, new_id(), "shop", new_id(), frozenset(), 5)
    return "made"


def refresh(connection: Connection) -> int:
    session = sessions.lock(connection, SESSION)
    assert session is not None
    return sessions.rotate(connection, session, 6, 100, "").generation


def bump(*numbers: int) -> Callable[[Connection], None]:
    return lambda connection: users.bump(connection, numbers)


CASES: dict[str, tuple[Callable[[Connection], Any], Callable[[Connection], Any], list[Any]]] = {
    "a name and the same one in another case": (account("zoe"), account("Zoe"), ["zoe", "username_taken"]),
    "two names that may differ by case": (
        account("zoe", exact_name=True),
        account("Zoe", exact_name=True),
        ["zoe", "Zoe"],
    ),
    "a name and an address": (account("zoe@x.org"), account("zed", "zoe@x.org"), ["zoe@x.org", "email_taken"]),
    "an address and a name": (address(1, "zoe@x.org"), account("Zoe@x.org"), ["zoe@x.org", "username_taken"]),
    "a name and another's new address": (account("zoe@x.org"), address(1, "zoe@x.org"), ["zoe@x.org", "email_taken"]),
    "a wish of two": (from_backend("a", "zoe", "zoe1"), from_backend("b", "Zoe", "zoe1"), ["zoe", "zoe1"]),
    "the last two of the staff": (off_staff(1), off_staff(2), ["off", "forbidden"]),
    "the last use of an invitation": (by_invitation, by_invitation, ["in", "invite_invalid"]),
    "a report made twice": (report, report, ["new", "again"]),
    "a key made twice": (key, key, ["made", "name_taken"]),
    "a session refreshed twice": (refresh, refresh, [1, 2]),
    "users in either order": (bump(1, 2), bump(2, 1), [None, None]),
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Two of the staff, of whom the first has a session; an invitation to the server for one."""
    url = new_url(tmp_path)
    engine = open_engine(url, write=True)
    with engine.begin() as connection:
        for name in ("ann", "bob"):
            accounts.create(connection, NewUser(new_id(), name, "hash", 1, is_staff=True))
        invites.create(connection, Invite(0, new_id(), CODE, None, 1, 1, 1000, 1))
        sessions.create(
            connection,
            {"id": SESSION, "user": 1, "device": "", "address": "", "created_at": 1, "expires_at": 100},
        )
    engine.dispose()
    return url


@ON_POSTGRESQL
@pytest.mark.parametrize("name", CASES)
def test_two_at_once_are_as_one_after_the_other(url: str, name: str) -> None:
    first, second, expected = CASES[name]
    assert at_once(url, first, second) == expected


@ON_POSTGRESQL
def test_of_two_links_made_at_once_one_is_good(url: str) -> None:
    at_once(url, link, link)
    engine = open_engine(url, write=False)
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(t.links)) == 1
    engine.dispose()
