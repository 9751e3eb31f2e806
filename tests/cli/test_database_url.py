"""Commands on a PostgreSQL: each does its work there, says where that is, and never the password."""

import shlex
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from support.commands import Serving, tertulia
from support.process import free_port
from support.template import database_url, make_database, make_empty
from tertulia.storage import schema

PASSWORD = "hunter2-and-more"
VARIABLE = "TERTULIA_DATABASE_URL"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of an empty database; the server of the tests does not look at the password."""
    found = database_url("postgresql", tmp_path)
    make_empty(found)
    return make_url(found).set(password=PASSWORD).render_as_string(hide_password=False)


def say(folder: Path, url: str, *words: str, given: str = "") -> str:
    """What a command says to both outputs; it succeeds."""
    done = tertulia(folder, *words, given=given, variables={VARIABLE: url})
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_migrate_names_the_database(tmp_path: Path, url: str) -> None:
    name = schema.named(url)
    assert say(tmp_path, url, "migrate") == f"The database {name} is up to date now.\n"
    assert say(tmp_path, url, "migrate") == f"The database {name} was up to date.\n"


def test_it_may_be_said_in_the_command_too(tmp_path: Path, url: str) -> None:
    done = tertulia(tmp_path, "migrate", "--database-url", url.replace("postgresql:", "postgres:"))
    assert done.stdout == f"The database {schema.named(url)} is up to date now.\n"


def test_the_first_account_makes_the_tables_and_says_where(tmp_path: Path, url: str) -> None:
    words = ("createsuperuser", "--username", "ann", "--password-stdin")
    said = say(tmp_path, url, *words, given="correct horse battery\n")
    assert f"This is in a new database: {schema.named(url)}" in said


def test_commands_that_want_a_server_first_say_so(tmp_path: Path, url: str) -> None:
    done = tertulia(tmp_path, "words", "add", "x", variables={VARIABLE: url})
    assert (done.returncode, done.stderr) == (
        1,
        f"There is no Tertulia database in {schema.named(url)}: start the server with it first, or use "
        "--database-url.\n",
    )


def test_the_settings_show_it_without_the_password(tmp_path: Path, url: str) -> None:
    assert "postgresql://tertulia:********@127.0.0.1:" in say(tmp_path, url, "config")


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    port = free_port()
    for words in (("serve", "--port", "0"), ("migrate",), ("createsuperuser", "--username", "a", "--password-stdin")):
        there = f"postgresql://ann:{PASSWORD}@127.0.0.1:{port}/chat"
        done = tertulia(tmp_path, *words, variables={VARIABLE: there})
        assert done.returncode == 1
        assert done.stderr.startswith(f"The database chat on 127.0.0.1:{port} cannot be reached (")
        assert done.stderr.count("\n") == 1
        assert PASSWORD not in done.stdout + done.stderr


def test_the_doctor_finds_it(tmp_path: Path) -> None:
    url = database_url("postgresql", tmp_path, "migrated")
    make_database(url)
    done = tertulia(tmp_path, "doctor", variables={VARIABLE: url})
    assert f"The database {schema.named(url)} (PostgreSQL" in " ".join(done.stdout.split())


def test_a_server_on_it_serves(tmp_path: Path, url: str) -> None:
    """It makes the tables, and says where they are. Nobody reads the password: not on the screen, not in the log."""
    with Serving(tmp_path, "--database-url", url, TERTULIA_LOG_LEVEL="debug") as server:
        person = {"username": "ann", "password": "correct horse battery"}
        token = server.post("/api/v1/auth/register", person)["tokens"]["access"]
        assert server.get("/api/v1/me", token)["username"] == "ann"
        server.stop()
        said = server.said()
        assert PASSWORD not in said + server.log()
    assert f"database       {schema.named(url)}" in said
    to_paste = next(line for line in said.splitlines() if "createsuperuser" in line)
    assert "postgresql://tertulia:********@127.0.0.1:" in shlex.split(to_paste)[-1]
