"""The migrations make the tables of `storage.tables`, once, whole, and only in a database of ours."""

import re
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tertulia.storage import schema
from tertulia.storage.database import open_engine, sqlite_url
from tertulia.storage.schema import SchemaError, State
from tertulia.storage.tables import metadata


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "chat.db")


def run_sql(url: str, *statements: str) -> None:
    with sqlite3.connect(schema.database_file(url)) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def shape(url: str) -> dict[str, list[str]]:
    """The words of each table and index as SQLite keeps them; a table's sorted, for the order of its parts is free."""
    connection = sqlite3.connect(schema.database_file(url))
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    words = {(kind, name): re.findall(r"\w+|[^\w\s\"]", sql) for kind, name, sql in rows}
    return {name: sorted(found) if kind == "table" else found for (kind, name), found in words.items()}


def test_migrated_database_has_the_tables_of_the_code(url: str) -> None:
    schema.migrate(url)
    engine = open_engine(url, write=False)
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*expression-based index")  # compared below
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrated_database_is_what_the_tables_say_to_the_letter(url: str, tmp_path: Path) -> None:
    """Also what Alembic does not compare: WHERE of indexes, AUTOINCREMENT, WITHOUT ROWID, expressions."""
    schema.migrate(url)
    direct = sqlite_url(tmp_path / "direct.db")
    engine = open_engine(direct, write=True)
    metadata.create_all(engine)
    engine.dispose()
    migrated = shape(url)
    migrated.pop("alembic_version")
    assert migrated == shape(direct)


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(schema.alembic_config()).get_current_head() == schema.HEAD


def test_migrating_twice_does_nothing_the_second_time(url: str) -> None:
    assert schema.state_of(url) is State.EMPTY
    assert schema.migrate(url) is True
    assert schema.is_current(url)
    assert schema.migrate(url) is False


def test_looking_makes_no_file(url: str) -> None:
    assert not schema.is_current(url)
    assert not schema.database_file(url).exists()


def test_missing_database_is_refused_with_the_command(url: str) -> None:
    with pytest.raises(SchemaError, match=r"run `\.venv/bin/tertulia migrate` to make it\.$"):
        schema.require_current(url, ".venv/bin/tertulia migrate")


def test_old_database_is_refused_with_the_command_and_migrated(url: str) -> None:
    run_sql(
        url, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('0000')"
    )
    with pytest.raises(SchemaError, match="older schema: run `tertulia migrate`"):
        schema.require_current(url)


def test_names_from_before_they_were_one_in_any_case_stay(url: str) -> None:
    """The first who had it keeps others from it; the second still has theirs."""
    with schema._opened(url, write=True) as engine, engine.begin() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    names = ("Ännie", "ännie", "bob")
    run_sql(url, *(f"INSERT INTO users (id, username, created_at) VALUES ('{name}', '{name}', 0)" for name in names))
    assert schema.migrate(url)
    opened = sqlite3.connect(schema.database_file(url))
    rows = opened.execute("SELECT username, username_folded FROM users ORDER BY number").fetchall()
    opened.close()
    assert rows == [("Ännie", "ännie"), ("ännie", None), ("bob", "bob")]


def test_newer_database_is_refused_and_left_alone(url: str) -> None:
    schema.migrate(url)
    run_sql(url, "UPDATE alembic_version SET version_num = '9999'")
    for refuse in (schema.require_current, schema.migrate):
        with pytest.raises(SchemaError, match="newer version of Tertulia"):
            refuse(url)
    assert schema.state_of(url) is State.NEWER


def test_database_of_another_program_is_refused(url: str) -> None:
    run_sql(url, "CREATE TABLE recipes (name)")
    with pytest.raises(SchemaError, match="belongs to another program"):
        schema.migrate(url)


def test_file_that_is_no_database_is_refused(url: str) -> None:
    schema.database_file(url).write_text("a diary, " * 200)
    with pytest.raises(SchemaError, match="file is not a database"):
        schema.migrate(url)


def test_directory_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"cannot be written \(no such file or directory\)"):
        schema.migrate(sqlite_url(tmp_path / "nowhere" / "chat.db"))


def test_migration_that_fails_leaves_nothing_behind(url: str) -> None:
    run_sql(url, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "CREATE TABLE users (name)")
    before = shape(url)
    with pytest.raises(SchemaError, match="users already exists"):
        schema.migrate(url)
    assert shape(url) == before


def test_processes_that_start_at_once_take_turns(url: str) -> None:
    code = f"from tertulia.storage.schema import migrate; print(migrate({url!r}))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = sorted(process.communicate()[0].strip() for process in running)
    assert [process.returncode for process in running] == [0] * 4
    assert said == ["False", "False", "False", "True"]
    assert schema.is_current(url)
