import pytest
from sqlalchemy import Connection

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import User
from tertulia.storage import accounts, external
from tertulia.storage.accounts import NewUser
from tertulia.storage.external import NewExternal


def make(connection: Connection, external_id: str, **more: str) -> User:
    return external.create(connection, NewExternal(new_id(), external_id, 100, **more))  # type: ignore[arg-type]


def test_found_by_their_external_id(connection: Connection) -> None:
    ana = make(connection, "u1", username="ana", first_name="Ana")
    assert external.by_external_id(connection, "u1") == ana == external.by_number(connection, ana.number)
    assert external.by_external_id(connection, "U1") is None
    with pytest.raises(Rejection) as refused:
        make(connection, "u2", username="ana")
    assert refused.value.code == "username_taken"


def test_names_are_one_in_any_case_and_never_the_address_of_another(connection: Connection) -> None:
    accounts.create(connection, NewUser(new_id(), "ben", "hash", 1, "Ben@x.org", "ben@x.org"))
    ana = make(connection, "u1", username="ana")
    for taken in ("Ana", "BEN@x.org"):
        with pytest.raises(Rejection) as made:
            make(connection, "u2", username=taken)
        with pytest.raises(Rejection) as changed:
            external.change(connection, make(connection, f"u3 {taken}").number, {"username": taken})
        assert made.value.code == changed.value.code == "username_taken"
        assert accounts.free_username(connection, [taken, "free"]) == "free"
    renamed, _ = external.change(connection, ana.number, {"username": "ANA"})
    assert renamed is not None
    assert renamed.username == "ANA"
    external.change(connection, ana.number, {"username": "cleo"})
    make(connection, "u2", username="Ana")


def test_a_free_username(connection: Connection) -> None:
    make(connection, "u1", username="ana")
    assert accounts.free_username(connection, ["ana", "anna"]) == "anna"
    assert accounts.free_username(connection, ["ana"]).startswith("ana-")
    assert accounts.free_username(connection, []).startswith("user-")
    make(connection, "u2", username="x" * 150)
    assert len(accounts.free_username(connection, ["x" * 150])) == 150


def test_only_what_differs_is_a_change(connection: Connection) -> None:
    ana = make(connection, "u1", username="ana")
    assert external.change(connection, ana.number, {"first_name": "", "username": "ana"}) == (ana, set())
    changed, names = external.change(connection, ana.number, {"first_name": "Ana", "username": "ana"})
    assert (names, changed and changed.version) == ({"first_name"}, 1)
    assert external.change(connection, 99, {"first_name": "Ana"}) == (None, set())


def test_ended_sessions_are_known_by_time(connection: Connection) -> None:
    ana = make(connection, "u1")
    assert external.end_sessions(connection, ana.number, 500) == ana.id
    assert external.end_sessions(connection, 99, 500) is None
    assert external.ended_since(connection, 499) == {ana.number: (ana.id, 500)}
    assert external.ended_since(connection, 500) == {}


def test_the_departed(connection: Connection) -> None:
    external.bury(connection, "u1", 500)
    external.bury(connection, "u1", 700)
    assert (external.departed_at(connection, "u1"), external.departed_at(connection, "u2")) == (700, None)
    assert make(connection, "u1").sessions_ended_at == 700
