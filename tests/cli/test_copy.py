"""`tertulia copy`: from SQLite to PostgreSQL and back, and a server that goes on with it."""

import re
from pathlib import Path
from urllib.error import HTTPError

import pytest
from sqlalchemy.engine import make_url

from support.commands import Serving, tertulia
from support.filled import ROWS, fill
from support.template import database_url, make_database, make_empty
from tertulia.storage.database import open_engine, sqlite_url
from tertulia.storage.tables import metadata

PASSWORD = "hunter2-and-more"


@pytest.fixture
def target(tmp_path: Path) -> str:
    """An empty database on a server; its password is not looked at."""
    url = database_url("postgresql", tmp_path, "target")
    make_empty(url)
    return make_url(url).set(password=PASSWORD).render_as_string(hide_password=False)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """What a server of this folder has, with rows in every table."""
    url = sqlite_url(tmp_path / "data" / "tertulia.db")
    make_database(url)
    engine = open_engine(url, write=True)
    with engine.begin() as connection:
        fill(connection, metadata)
    engine.dispose()
    return url


def test_it_says_what_it_copied_and_what_comes_next(tmp_path: Path, source: str, target: str) -> None:
    """From the database of the settings; the password is not repeated."""
    done = tertulia(tmp_path, "copy", "--to", target)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert PASSWORD not in said + done.stderr
    for name, rows in ROWS.items():
        assert re.search(rf"\b{name}\b\W+{len(rows)}\b\W+yes", said), name
    assert "set TERTULIA_DATABASE_URL=postgresql://tertulia:********@127.0.0.1:" in said
    assert "load their rooms once more" in said


def test_it_goes_back_as_well(tmp_path: Path, source: str, target: str) -> None:
    tertulia(tmp_path, "copy", "--from", source, "--to", target)
    back = tertulia(tmp_path, "copy", "--from", target, "--to", sqlite_url(tmp_path / "back.db"))
    assert back.returncode == 0, back.stderr
    assert f"Everything is in {tmp_path / 'back.db'} now" in back.stdout
    again = tertulia(tmp_path, "copy", "--from", target, "--to", sqlite_url(tmp_path / "back.db"))
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_an_address_that_is_none_is_refused_by_its_option(tmp_path: Path, source: str, option: str) -> None:
    addresses = {"--from": source, "--to": "sqlite:///b.db", option: "mysql://a:hunter2@b/c"}
    done = tertulia(tmp_path, "copy", *(word for pair in addresses.items() for word in pair))
    assert (done.returncode, done.stderr.startswith(f"{option} must be sqlite:/// and")) == (2, True)
    assert "hunter2" not in done.stderr


def test_a_server_that_runs_on_the_source_is_refused(tmp_path: Path, target: str) -> None:
    """On SQLite by its lock, on PostgreSQL by its connections. What was said goes on there; nobody signs in again."""
    with Serving(tmp_path) as server:
        person = {"username": "ann", "password": "correct horse battery"}
        tokens = server.post("/api/v1/auth/register", person)["tokens"]
        token = tokens["access"]
        room = server.get("/api/v1/rooms/directory", token)["items"][0]["id"]
        server.post(f"/api/v1/rooms/{room}/join", {}, token)
        server.post(f"/api/v1/rooms/{room}/messages", {"body": "¿Qué tal?"}, token)
        before = server.get(f"/api/v1/rooms/{room}/messages", token)
        refused = tertulia(tmp_path, "copy", "--to", target)
        assert (refused.returncode, "A server runs on" in refused.stderr) == (1, True)
        server.stop()
    assert tertulia(tmp_path, "copy", "--to", target).returncode == 0
    with Serving(tmp_path, TERTULIA_DATABASE_URL=target) as server:
        with pytest.raises(HTTPError, match="401"):  # the numbers in it might be somebody else's on another server
            server.get("/api/v1/me", token)
        token = server.post("/api/v1/auth/refresh", {"refresh": tokens["refresh"]})["access"]
        assert server.get(f"/api/v1/rooms/{room}/messages", token) == before
        new = server.post(f"/api/v1/rooms/{room}/messages", {"body": "It goes on."}, token)
        assert new["seq"] == before["items"][-1]["seq"] + 1
        refused = tertulia(tmp_path, "copy", "--from", target, "--to", sqlite_url(tmp_path / "back.db"))
        assert (refused.returncode, "Tertulia runs on" in refused.stderr) == (1, True)
        assert PASSWORD not in refused.stderr + server.log()


def test_a_database_that_a_program_has_open_is_refused(tmp_path: Path, source: str, target: str) -> None:
    """A server with its data directory elsewhere has its lock there."""
    elsewhere = tmp_path / "elsewhere"
    with Serving(tmp_path, "--data-dir", str(elsewhere), "--database-url", source) as server:
        server.get("/readyz")
        refused = tertulia(tmp_path, "copy", "--from", source, "--to", target)
        assert refused.returncode == 1
        assert f"(process {server.process.pid}): end that, so that nothing is lost." in refused.stderr
