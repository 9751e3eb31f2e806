from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from support.databases import new_url
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.storage import accounts, emails, erasure, users
from tertulia.storage.accounts import NewUser
from tertulia.storage.database import open_engine


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_engine(new_url(tmp_path), write=True)
    with engine.begin() as connection:
        accounts.create(connection, NewUser(new_id(), "ann", "hash", 0, "Ann@x.org", "ann@x.org"))
        accounts.create(connection, NewUser(new_id(), "bob", "hash", 0, "Bob@x.org"))  # not claimed
        yield connection
    engine.dispose()


def test_who_signs_in_with_it(connection: Connection) -> None:
    found = emails.holder(connection, "ann@x.org")
    assert found is not None
    assert found.number == 1
    assert emails.holder(connection, "bob@x.org") is None
    connection.execute(text("UPDATE users SET is_active = false"))
    assert emails.holder(connection, "ann@x.org") is None
    assert emails.is_taken(connection, "ann@x.org", 2)


def test_confirmed_once_and_only_what_is_claimed(connection: Connection) -> None:
    assert [emails.unconfirmed(connection, number) for number in (1, 2, 3)] == ["Ann@x.org", None, None]
    for at in (5, 6):
        emails.confirm(connection, 1, at)
        emails.confirm(connection, 2, at)
    found = users.by_numbers(connection, [1, 2])
    assert [found[number].email_confirmed_at for number in (1, 2)] == [5, None]
    assert emails.unconfirmed(connection, 1) is None


def test_claimed_or_only_data(connection: Connection) -> None:
    found = users.by_numbers(connection, [1, 2])
    assert [(found[number].claims_email, found[number].shown_email) for number in (1, 2)] == [
        (True, "Ann@x.org"),
        (False, ""),
    ]
    emails.change(connection, 2, "New@x.org", "new@x.org", None)
    changed = users.by_numbers(connection, [2])[2]
    assert (changed.claims_email, changed.shown_email) == (True, "New@x.org")
    erasure.delete_account(connection, changed, 5, blank=False)
    deleted = users.by_numbers(connection, [2])[2]
    assert (deleted.email, deleted.claims_email, deleted.shown_email) == (None, False, "")


def test_changed(connection: Connection) -> None:
    emails.confirm(connection, 1, 5)
    emails.change(connection, 1, "New@x.org", "new@x.org", None)
    found = users.by_numbers(connection, [1])[1]
    assert (found.email, found.email_confirmed_at, found.version) == ("New@x.org", None, 2)
    emails.change(connection, 1, "NEW@x.org", "new@x.org", 7)  # its own
    with pytest.raises(Rejection) as refused:
        emails.change(connection, 2, "new@X.org", "new@x.org", None)
    assert (refused.value.code, list(refused.value.fields)) == ("email_taken", ["email"])


def test_a_password_whatever_it_was(connection: Connection) -> None:
    emails.set_password(connection, 2, "other")
    found = accounts.credentials_of(connection, 2)
    assert found is not None
    assert (found.password_hash, found.user.version) == ("other", 1)


def test_an_address_that_is_somebodys_username_is_taken(connection: Connection) -> None:
    accounts.create(connection, NewUser(new_id(), "Eve@x.org", "hash", 0))
    assert emails.is_taken(connection, "eve@x.org", 1)
    assert not emails.is_taken(connection, "eve@x.org", 3)
    with pytest.raises(Rejection) as refused:
        emails.change(connection, 1, "eve@x.org", "eve@x.org", None)
    assert refused.value.code == "email_taken"
