from dataclasses import replace

import pytest
from sqlalchemy import Connection, select, update

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.storage import accounts
from tertulia.storage.accounts import NewUser
from tertulia.storage.tables import users


def new_user(username: str, email: str | None = None, first_name: str = "") -> NewUser:
    return NewUser(new_id(), username, "hash", 1, email, email and email.lower(), first_name)


def test_create(connection: Connection) -> None:
    ann = accounts.create(connection, new_user("ann", "Ann@Example.org", first_name="Ann"))
    bob = accounts.create(connection, new_user("bob"))
    assert (ann.username, ann.email, ann.name, ann.is_active, ann.version) == ("ann", "Ann@Example.org", "Ann", True, 0)
    assert bob.email is None
    assert bob.number > ann.number


@pytest.mark.parametrize(
    ("username", "email", "code"),
    [
        ("ann", None, "username_taken"),
        ("ANN", None, "username_taken"),
        ("ÄNNE", None, "username_taken"),
        ("Ann@Example.org", None, "username_taken"),
        ("ann", "a@b.c", "username_taken"),
        ("bob", "ANN@example.org", "email_taken"),
        ("bob", "Eve@example.org", "email_taken"),
    ],
)
def test_what_is_taken(connection: Connection, username: str, email: str | None, code: str) -> None:
    accounts.create(connection, new_user("ann", "ann@example.org"))
    accounts.create(connection, new_user("änne"))
    accounts.create(connection, new_user("eve@Example.org"))
    with pytest.raises(Rejection) as early:
        accounts.check_free(connection, username, email and email.lower())
    with pytest.raises(Rejection) as late:
        accounts.create(connection, new_user(username, email))
    assert early.value.code == late.value.code == code


def test_what_is_free(connection: Connection) -> None:
    accounts.create(connection, new_user("ann", "ann@example.org"))
    accounts.create(connection, new_user("bob"))
    accounts.check_free(connection, "Anna", "bob@example.org")
    accounts.check_free(connection, "carol", None)
    accounts.create(connection, new_user("Eve@example.org", "eve@Example.org"))


def exact(username: str) -> NewUser:
    return replace(new_user(username), exact_name=True)


def folded(connection: Connection, number: int) -> str | None:
    return connection.scalar(select(users.c.username_folded).where(users.c.number == number))


def test_a_name_in_another_case_where_that_is_allowed(connection: Connection) -> None:
    first = accounts.create(connection, exact("Ann"))
    twin = accounts.create(connection, exact("ann"))
    assert [folded(connection, user.number) for user in (first, twin)] == ["ann", None]
    for name in ("Ann", "ann"):
        with pytest.raises(Rejection, match="username"):
            accounts.check_new(connection, exact(name))
        with pytest.raises(Rejection, match="username"):
            accounts.create(connection, exact(name))
    with pytest.raises(Rejection, match="username"):
        accounts.create(connection, new_user("ANN"))


def test_an_exact_name_is_nobodys_address(connection: Connection) -> None:
    accounts.create(connection, new_user("ann", "ann@example.org"))
    accounts.create(connection, exact("Bob@example.org"))
    for name in ("Ann@example.org", "bob@example.org"):
        with pytest.raises(Rejection) as refused:
            accounts.create(connection, exact(name))
        assert refused.value.code == "username_taken"
    with pytest.raises(Rejection) as claimed:
        accounts.create(connection, new_user("eve", "bob@example.org"))
    assert claimed.value.code == "email_taken"


def test_a_name_is_made_for_who_has_none(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = iter([7, 7, 12345678])
    monkeypatch.setattr("secrets.randbelow", lambda below: next(digits))
    nameless = [replace(new_user("x", f"{number}@example.org"), username=None) for number in range(2)]
    made = [accounts.create(connection, new) for new in nameless]
    assert [user.username for user in made] == ["user-00000007", "user-12345678"]
    assert folded(connection, made[0].number) == "user-00000007"
    with pytest.raises(Rejection) as refused:
        accounts.check_new(connection, replace(nameless[0], id=new_id()))
    assert refused.value.code == "email_taken"


def test_credentials_by_one_of_both(connection: Connection) -> None:
    ann = accounts.create(connection, new_user("ann", "ann@example.org"))
    twin = accounts.create(connection, exact("ANN"))
    bob = accounts.create(connection, new_user("bob@example.org"))

    def found(name: str, by: accounts.By) -> list[int]:
        return [one.user.number for one in accounts.credentials(connection, name, name.lower(), by)]

    assert found("ann", "username") == [ann.number]
    assert found("ANN", "username") == [twin.number, ann.number]
    assert found("Ann", "username") == [ann.number]
    assert found("Ann@example.org", "username") == found("ann", "email") == found("bob@example.org", "email") == []
    assert found("Ann@example.org", "email") == [ann.number]
    assert found("BOB@example.org", "username") == [bob.number]


def test_credentials_by_username_then_by_email(connection: Connection) -> None:
    ann = accounts.create(connection, new_user("ann", "ann@example.org"))
    twin = accounts.create(connection, new_user("twin"))
    from_before = {"username": "ann@example.org", "username_folded": None}  # that could be, once
    connection.execute(update(users).where(users.c.number == twin.number).values(from_before))

    def found(name: str) -> list[int]:
        return [one.user.number for one in accounts.credentials(connection, name, name.lower())]

    assert found("ann") == [ann.number]
    assert found("Ann") == [ann.number]
    assert found("ANN@example.org") == [ann.number]
    assert found("ann@example.org") == [twin.number, ann.number]
    assert found("bob") == []
    one = accounts.credentials_of(connection, ann.number)
    assert one is not None
    assert one.password_hash == "hash"
    assert accounts.credentials_of(connection, 99) is None


def test_a_password_is_replaced_only_if_it_is_the_one_that_was_seen(connection: Connection) -> None:
    ann = accounts.create(connection, new_user("ann"))
    assert accounts.replace_password(connection, ann.number, "hash", "new")
    assert not accounts.replace_password(connection, ann.number, "hash", "newer")
    connection.execute(update(users).values(is_active=False))
    assert not accounts.replace_password(connection, ann.number, "new", "newer")


def test_rename(connection: Connection) -> None:
    ann = accounts.create(connection, new_user("ann", first_name="Ann"))
    changed, really = accounts.rename(connection, ann.number, {"last_name": "Lind"})
    assert changed is not None
    assert really
    assert (changed.first_name, changed.last_name, changed.version) == ("Ann", "Lind", 1)
    assert accounts.rename(connection, ann.number, {"first_name": "Ann"}) == (changed, False)
    assert accounts.rename(connection, ann.number, {}) == (changed, False)
    assert accounts.rename(connection, 99, {"first_name": "Ann"}) == (None, False)


def test_inactive(connection: Connection) -> None:
    ann = accounts.create(connection, new_user("ann"))
    accounts.create(connection, new_user("bob"))
    assert accounts.inactive(connection) == set()
    connection.execute(update(users).where(users.c.number == ann.number).values(is_active=False))
    assert accounts.inactive(connection) == {ann.number}
