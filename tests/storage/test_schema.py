"""The migrations make the tables of `storage.tables`, once, whole, and only in a database of ours."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from support import postgres
from support.databases import ON_POSTGRESQL, ON_SQLITE, url_in
from support.filled import uid
from support.process import free_port
from support.shapes import run_sql, shape
from support.template import make_database, make_empty
from tertulia.storage import schema
from tertulia.storage.database import open_engine, sqlite_url
from tertulia.storage.schema import SchemaError, State
from tertulia.storage.tables import SEARCHED, metadata

PASSWORD = "hunter2-and-more"
COMPARED = {
    "compare_type": True,
    "compare_server_default": True,
    # On expressions, which PostgreSQL words in its own way; they are compared to the letter below.
    "include_name": lambda name, kind, _parents: not (kind == "index" and name.startswith("ix_users_search_")),
    "include_object": lambda _item, name, kind, *_: not (kind == "index" and name.startswith("ix_users_search_")),
}
AT_ONCE = r"""
import os
import sys
from multiprocessing import get_context
import alembic.command
from tertulia.storage.schema import migrate

def run():
    barrier.wait()
    os.write(1, f"{migrate(sys.argv[1])}\n".encode())

forks = get_context("fork")
barrier = forks.Barrier(6)
processes = [forks.Process(target=run) for _ in range(6)]
for process in processes:
    process.start()
for process in processes:
    process.join()
"""
"""Six processes, which cost the start of one."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of an empty database."""
    found = url_in(tmp_path)
    make_empty(found)
    return found


@pytest.fixture
def current(tmp_path: Path) -> str:
    """Of one with the schema of this code."""
    found = url_in(tmp_path, "current")
    make_database(found)
    return found


@pytest.fixture
def old(tmp_path: Path) -> str:
    found = url_in(tmp_path, "old")
    make_database(found, "0001")
    return found


def with_password(url: str) -> str:
    return make_url(url).set(password=PASSWORD).render_as_string(hide_password=False)


def test_migrated_database_has_the_tables_of_the_code(current: str) -> None:
    engine = open_engine(current, write=False)
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*expression-based index")
        differences = compare_metadata(MigrationContext.configure(connection, opts=COMPARED), metadata)
    engine.dispose()
    assert differences == []


def test_migrated_database_is_what_the_tables_say_to_the_letter(current: str, url: str) -> None:
    """Also what Alembic does not compare: WHERE of indexes, AUTOINCREMENT, WITHOUT ROWID, collations, triggers."""
    engine = open_engine(url, write=True)
    metadata.create_all(engine)
    engine.dispose()
    assert shape(current) == shape(url)


@ON_POSTGRESQL
def test_rows_that_change_all_the_time_have_room_for_it(current: str) -> None:
    """Rule 30: half of a page of `rooms` is free, and no index is on what each batch changes."""
    found = shape(current)
    assert "fillfactor=50" in found["table rooms"]
    of_rooms = [text for name, text in found.items() if name.startswith("index") and " ON public.rooms " in text]
    assert of_rooms
    assert not [text for text in of_rooms if re.search("head_seq|message_count|last_at|access_seq|settings_seq", text)]


@ON_POSTGRESQL
def test_names_have_one_order_on_every_server(current: str) -> None:
    """Pages of people and words go by it: in a database that speaks Spanish, too."""
    found = shape(current)
    names = ("users.username", "users.first_name", "users.last_name", "words.word")
    assert {name: found[f"column {name}"].split()[-1] for name in names} == dict.fromkeys(names, "C")


def test_names_are_folded_the_same_on_both(current: str) -> None:
    """People are found by indexes on `lower`: on both databases it leaves all but A to Z as they are."""
    run_sql(current, f"INSERT INTO users (id, username, created_at) VALUES ('{uid(1)}', 'ÄNNIE', 1)")
    engine = open_engine(current, write=False)
    with engine.connect() as connection:
        assert connection.scalar(select(SEARCHED[0])) == "Ännie"
    engine.dispose()


@pytest.mark.parametrize("act", ["UPDATE audit SET act = 'nothing'", "DELETE FROM audit"])
def test_the_audit_log_is_append_only(current: str, act: str) -> None:
    run_sql(current, "INSERT INTO audit (at, via, act) VALUES (1, 'user', 'ban')")
    with pytest.raises(DatabaseError, match="the audit log is append-only"):
        run_sql(current, act)


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(schema.alembic_config()).get_current_head() == schema.HEAD


def test_migrating_twice_does_nothing_the_second_time(url: str) -> None:
    assert schema.state_of(url) is State.EMPTY
    assert schema.migrate(url) is True
    assert schema.is_current(url)
    assert schema.migrate(url) is False


@ON_SQLITE
def test_looking_makes_no_file(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "chat.db")
    assert not schema.is_current(url)
    assert not schema.database_file(url).exists()


def test_missing_database_is_refused_with_the_command(url: str) -> None:
    with pytest.raises(SchemaError, match=r"run `\.venv/bin/tertulia migrate` to make it\.$"):
        schema.require_current(url, ".venv/bin/tertulia migrate")


def test_old_database_is_refused_with_the_command_and_migrated(old: str) -> None:
    with pytest.raises(SchemaError, match="older schema: run `tertulia migrate`"):
        schema.require_current(old)
    assert schema.migrate(old)
    schema.require_current(old)


def test_newer_database_is_refused_and_left_alone(current: str) -> None:
    run_sql(current, "UPDATE alembic_version SET version_num = '9999'")
    for refuse in (schema.require_current, schema.migrate):
        with pytest.raises(SchemaError, match="newer version of Tertulia"):
            refuse(current)
    assert schema.state_of(current) is State.NEWER


def test_newer_database_that_lets_this_version_run_fits_and_is_left_alone(url: str) -> None:
    schema.migrate(url)
    run_sql(url, f"UPDATE alembic_version SET version_num = '9999', oldest = '{schema.HEAD}'")
    assert schema.state_of(url) is State.AHEAD
    schema.require_current(url)
    assert schema.migrate(url) is False
    assert schema.state_of(url) is State.AHEAD
    with pytest.raises(SchemaError, match="newer version of Tertulia"):
        schema.require_current(url, exactly=True)
    run_sql(url, "UPDATE alembic_version SET oldest = '9998'")
    assert schema.state_of(url) is State.NEWER


@pytest.mark.parametrize("start", ["url", "old"])
def test_migrating_notes_who_may_run_on_it(request: pytest.FixtureRequest, start: str) -> None:
    """From nothing and from the first schema: the strictest of all migrations counts."""
    url = request.getfixturevalue(start)
    schema.migrate(url)
    engine = open_engine(url, write=False)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT oldest FROM alembic_version")) == "0005"
    engine.dispose()


@pytest.mark.parametrize(
    "theirs",
    [
        ("CREATE TABLE recipes (name VARCHAR(9))",),
        # Another one that uses Alembic.
        ("CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('1a2b3c4d5e')"),
    ],
)
def test_database_of_another_program_is_refused(url: str, theirs: tuple[str, ...]) -> None:
    run_sql(url, *theirs)
    before = shape(url)
    with pytest.raises(SchemaError, match="belongs to another program"):
        schema.migrate(url)
    assert shape(url) == before


def test_migration_that_fails_leaves_nothing_behind(url: str) -> None:
    run_sql(url, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "CREATE TABLE users (name VARCHAR(9))")
    before = shape(url)
    with pytest.raises(SchemaError, match=r'users"? already exists'):
        schema.migrate(url)
    assert shape(url) == before


@pytest.mark.parametrize("start", ["url", "old"])
def test_processes_that_start_at_once_take_turns(request: pytest.FixtureRequest, start: str, tmp_path: Path) -> None:
    """On an empty database and on an old one: one does it, the others find it done, none fails."""
    url = request.getfixturevalue(start)
    done = subprocess.run([sys.executable, "-c", AT_ONCE, url], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["False"] * 5 + ["True"]
    assert schema.is_current(url)


# SQLite.


@ON_SQLITE
def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "chat.db")
    schema.database_file(url).write_text("a diary, " * 200)
    with pytest.raises(SchemaError, match="file is not a database"):
        schema.migrate(url)


@ON_SQLITE
def test_directory_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"cannot be written \(no such file or directory\)"):
        schema.migrate(sqlite_url(tmp_path / "nowhere" / "chat.db"))


# PostgreSQL: one clear sentence, and never the password.


def refused(url: str) -> str:
    for ask in (schema.state_of, schema.migrate):
        with pytest.raises(SchemaError) as told:
            ask(with_password(url))
        said = str(told.value)
        assert PASSWORD not in said
        assert "\n" not in said
        assert said.endswith(".")
    return said


def test_server_that_cannot_be_reached_is_one_sentence() -> None:
    port = free_port()
    said = refused(f"postgresql://ann@127.0.0.1:{port}/chat")
    assert said == (
        f"The database chat on 127.0.0.1:{port} cannot be reached (Connection refused): see that PostgreSQL runs "
        "there, or correct TERTULIA_DATABASE_URL."
    )


def test_database_that_is_not_there_is_one_sentence() -> None:
    assert '(database "nowhere" does not exist)' in refused(postgres.server().url("nowhere"))


@ON_POSTGRESQL
def test_user_who_is_unknown_is_one_sentence(url: str) -> None:
    said = refused(make_url(url).set(username="nobody").render_as_string())
    assert '(role "nobody" does not exist)' in said


@ON_POSTGRESQL
def test_parameter_that_is_unknown_is_one_sentence(url: str) -> None:
    assert "invalid connection option" in refused(f"{url}?colour=red")


@ON_POSTGRESQL
def test_server_that_is_too_old_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "OLDEST_POSTGRESQL", (99,))
    assert "Tertulia needs 99 or later" in refused(url)


@ON_POSTGRESQL
def test_database_that_cannot_store_all_letters_is_refused(tmp_path: Path) -> None:
    name = make_url(url_in(tmp_path)).database or ""
    server = postgres.server()
    server.create(name, encoding="LATIN1", more="LOCALE_PROVIDER libc LOCALE 'C'")
    try:
        assert "has the encoding LATIN1: make one with `createdb --encoding UTF8" in refused(server.url(name))
    finally:
        server.drop(name)


def test_database_is_named_by_its_socket_too() -> None:
    assert schema.named("postgresql:///chat?host=/run/postgresql") == "chat on /run/postgresql"
    assert schema.named("postgresql://a:b@db.example/chat") == "chat on db.example"
