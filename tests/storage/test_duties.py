"""Signs of life of who has a duty: one stands there, and who knows it may put another in its place."""

from sqlalchemy import Connection

from tertulia.storage import duties


def test_nobody_has_it_and_one_takes_it(connection: Connection) -> None:
    assert duties.sign(connection, "sweeping") is None
    assert duties.take(connection, "sweeping", None, "a 1")
    assert not duties.take(connection, "sweeping", None, "b 1"), "it was faster"
    assert duties.sign(connection, "sweeping") == "a 1"
    assert duties.sign(connection, "cooking") is None


def test_only_who_knows_the_newest_sign_puts_another_in_its_place(connection: Connection) -> None:
    duties.take(connection, "sweeping", None, "a 1")
    assert duties.take(connection, "sweeping", "a 1", "a 2")
    assert not duties.take(connection, "sweeping", "a 1", "b 1")
    assert duties.sign(connection, "sweeping") == "a 2"


def test_nobody_lets_go_of_what_another_has(connection: Connection) -> None:
    duties.take(connection, "sweeping", None, "a 1")
    duties.let_go(connection, "sweeping", "b 1")
    assert duties.sign(connection, "sweeping") == "a 1"
    duties.let_go(connection, "sweeping", "a 1")
    assert duties.sign(connection, "sweeping") is None
