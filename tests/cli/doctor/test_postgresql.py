"""The findings about a database on a PostgreSQL server, and that those about a file are silent then."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from support import postgres
from support.clock import FakeClock
from support.process import free_port
from support.shapes import run_sql, upgrade
from support.template import database_url, make_database, make_empty
from tertulia.cli.doctor import examine, folder, postgresql
from tertulia.cli.doctor.finding import Finding
from tertulia.storage.schema import State
from tertulia.storage.server import CONNECTIONS, Facts, facts

from .cases import case, said

PASSWORD = "hunter2-and-more"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a database without tables; its password is not looked at."""
    found = database_url("postgresql", tmp_path)
    make_empty(found)
    return make_url(found).set(password=PASSWORD).render_as_string(hide_password=False)


def examined(folder: Path, url: str) -> dict[str, Finding]:
    found = dict(examine(case(folder, database_url=url), production=True))
    assert not [each for each in found.values() if PASSWORD in each.what + each.advice]
    return found


def test_a_database_of_this_version_is_fine(tmp_path: Path) -> None:
    url = database_url("postgresql", tmp_path)
    make_database(url)
    found = examined(tmp_path, url)
    assert found["database"].level == "ok"
    assert "(PostgreSQL " in found["database"].what
    assert {found[name].level for name in ("connections", "failover", "database clock")} == {"ok"}
    assert "fsync" in found["durability"].what  # the tests' own server does without
    assert found["backup"].what.startswith("The database is on PostgreSQL")
    assert not {"journal", "integrity", "other programs", "disk", "log", "file system", "database files"} & set(found)


def test_an_empty_and_an_older_database_are_named_with_the_command(tmp_path: Path, url: str) -> None:
    """The command has the address, without the password."""
    found = said(postgresql.database(case(tmp_path, database_url=url)))
    assert found.level == "warning"
    assert "is empty" in found.what
    assert "tertulia migrate --database-url" in found.advice.replace("'", "")
    assert ":********@" in found.advice
    upgrade(url, "0001")
    found = said(postgresql.database(case(tmp_path, database_url=url)))
    assert (found.level, "older schema" in found.what) == ("warning", True)


def test_a_database_of_another_program_is_a_problem(tmp_path: Path, url: str) -> None:
    run_sql(url, "CREATE TABLE recipes (name text)")
    found = said(postgresql.database(case(tmp_path, database_url=url)))
    assert (found.level, "belongs to another program" in found.what) == ("problem", True)


def test_a_server_that_cannot_be_reached_is_one_problem(tmp_path: Path) -> None:
    found = examined(tmp_path, f"postgresql://ann:{PASSWORD}@127.0.0.1:{free_port()}/chat")
    assert found["database"].level == "problem"
    assert "cannot be reached" in found["database"].what
    assert not {"connections", "durability", "failover", "database clock"} & set(found)


def test_what_the_server_says(url: str) -> None:
    """Asked of a real one, by somebody without rights, too."""
    name = f"tertulia_nobody_{make_url(url).database}"
    postgres.server().run("CREATE ROLE {} LOGIN", name)
    try:
        for who in (url, make_url(url).set(username=name).render_as_string(hide_password=False)):
            found = facts(who)
            assert found.state is State.EMPTY
            assert 0 < found.connections[0] <= found.connections[1]
            assert (found.is_standby, found.standbys, found.asked_standbys) == (False, 0, False)
            assert "synchronous_commit" not in found.unsafe
    finally:
        postgres.server().run("DROP ROLE {}", name)


@pytest.mark.parametrize(
    ("free", "running", "level"),
    [
        (CONNECTIONS - 1, False, "problem"),
        (CONNECTIONS, False, "warning"),
        (2 * CONNECTIONS, False, "ok"),
        (CONNECTIONS - 1, True, "warning"),
        (CONNECTIONS, True, "ok"),
    ],
)
def test_connections_are_compared_with_what_we_open(free: int, running: bool, level: str) -> None:
    found = postgresql.judge_connections(free, 100, running=running)
    assert (found.level, str(CONNECTIONS) in found.what) == (level, True)


def test_settings_that_lose_what_was_acknowledged_are_a_problem() -> None:
    """Promise 1."""
    assert postgresql.judge_durability(()).level == "ok"
    found = postgresql.judge_durability(("fsync", "synchronous_commit"))
    assert (found.level, "`fsync = on` and `synchronous_commit = on`" in found.advice) == ("problem", True)


def test_a_standby_and_a_failover_that_loses_are_told() -> None:
    """Rule 15."""
    primary = Facts(State.CURRENT, "18.0", 0, (50, 100), False, 0, False, ())
    assert postgresql.judge_failover(primary).level == "ok"
    assert postgresql.judge_failover(replace(primary, standbys=1)).level == "warning"
    assert postgresql.judge_failover(replace(primary, standbys=1, asked_standbys=True)).level == "ok"
    assert postgresql.judge_failover(replace(primary, is_standby=True)).level == "problem"


def test_a_clock_that_differs_is_told(tmp_path: Path) -> None:
    assert postgresql.judge_clock(0, 1_000_000, 10_000_000).level == "ok"  # a slow answer is no difference
    assert postgresql.judge_clock(10_000_000, 1_000_000, 10_100_000).level == "warning"
    assert "9 seconds off" in postgresql.judge_clock(0, 9_100_000, 100_000).what
    url = database_url("postgresql", tmp_path)
    make_database(url)
    assert said(postgresql.clock(case(tmp_path, database_url=url, clock=FakeClock()))).level == "warning"


def test_a_password_in_the_env_file_is_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"
    file.touch(mode=0o644)
    for line, level in (("postgresql://a:b@h/chat", "problem"), ("sqlite:////srv/chat.db", "ok")):
        file.write_text(f"TERTULIA_DATABASE_URL={line}\n")
        file.chmod(0o644)
        assert said(folder.env_file(case(tmp_path))).level == level
