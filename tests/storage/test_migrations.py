"""From the first schema to the newest with data in them, and beside a server of the version before that still runs.

Expand only: a migration leaves the version before alone. It drops and renames nothing, and what it adds may be left
out. What is no longer used goes one release later.
"""

import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, UniqueConstraint, insert, select, update
from sqlalchemy.exc import IntegrityError

from support.databases import current, url_in
from support.filled import ROWS, fill, uid
from support.heart import heart
from support.shapes import shape, tables, upgrade
from support.template import make_database
from tertulia.storage import schema
from tertulia.storage import tables as t
from tertulia.storage.database import open_engine
from tertulia.storage.schema import State
from tertulia.storage.tables import metadata

VERSIONS = [
    script.revision for script in reversed(list(ScriptDirectory.from_config(schema.alembic_config()).walk_revisions()))
]
STEPS = list(pairwise(VERSIONS))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a database may be made."""
    return url_in(tmp_path)


def at(url: str, version: str) -> MetaData:
    """Make the database, with the schema of `version`; its tables."""
    make_database(url, version)
    return _tables(current(), version, url)


_known: dict[tuple[str, str], MetaData] = {}


def _tables(kind: str, version: str, url: str) -> MetaData:
    """Reading them takes its time, and they are the same every time."""
    if (kind, version) not in _known:
        _known[kind, version] = tables(url)
    return _known[kind, version]


def run(url: str, work: Any) -> Any:
    engine = open_engine(url, write=True)
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def rows(url: str, known: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, of the columns that are known, in the order of their keys."""

    def read(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table.name: [tuple(map(plain, row)) for row in connection.execute(select(table).order_by(*key_of(table)))]
            for table in known.sorted_tables
        }

    found: dict[str, list[tuple[Any, ...]]] = run(url, read)
    return found


def plain(value: Any) -> Any:
    return str(value) if value.__class__.__name__ == "UUID" else value


def key_of(table: Table) -> list[Any]:
    return list(table.primary_key.columns)


def test_the_rows_of_the_tests_have_something_in_every_column() -> None:
    """What `support.filled` leaves out would be proved nowhere."""
    given = {name: set().union(*rows) for name, rows in ROWS.items()}
    assert given == {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_what_was_stored_under_an_older_schema_is_there_after_the_upgrade(url: str, version: str) -> None:
    old = at(url, version)
    run(url, lambda connection: fill(connection, old))
    before = rows(url, old)
    assert all(before.values())
    schema.migrate(url)
    assert rows(url, old) == before


def test_names_from_before_they_were_one_in_any_case_stay(url: str) -> None:
    """The first who had it keeps others from it; the second still has theirs."""
    users = at(url, "0001").tables["users"]
    people = [
        {"id": f"{number:08}-0000-7000-8000-000000000000", "username": name, "created_at": 0}
        for number, name in enumerate(("Ännie", "ännie", "bob"))
    ]
    run(url, lambda connection: connection.execute(insert(users), people))
    assert schema.migrate(url)
    folded = select(t.users.c.username, t.users.c.username_folded).order_by(t.users.c.number)
    found = run(url, lambda connection: connection.execute(folded).all())
    assert found == [("Ännie", "ännie"), ("ännie", None), ("bob", "bob")]


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_statements_of_the_version_before_still_work(url: str, before: str, after: str) -> None:
    """It knows its own tables and columns: it reads, writes and changes all of them."""
    old = at(url, before)
    upgrade(url, after)

    def work(connection: Any) -> None:
        fill(connection, old)
        for table in old.sorted_tables:
            if table.name != "audit":  # append-only
                same = {column.name: column for column in table.columns if not column.primary_key} or key_of(table)[0]
                connection.execute(update(table).values(same if isinstance(same, dict) else {same.name: same}))

    run(url, work)
    assert all(rows(url, old).values())


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_migrations_only_add(tmp_path: Path, before: str, after: str) -> None:
    old, new = (at(url_in(tmp_path, version), version) for version in (before, after))
    for table in old.sorted_tables:
        expands(table, new.tables[table.name])


def expands(old: Table, new: Table) -> None:
    """Nothing is gone, narrower or needed; and no rule is new that what is written without it could break."""
    for column in old.columns:
        now = new.columns[column.name]
        assert type(now.type) is type(column.type), (old.name, column.name)
        assert getattr(now.type, "length", None) == getattr(column.type, "length", None), (old.name, column.name)
        assert now.nullable or not column.nullable, (old.name, column.name)
        assert now.server_default is not None or column.server_default is None, (old.name, column.name)
    for column in new.columns:
        assert column.name in old.columns or column.nullable or column.server_default is not None, (old.name, column)
    assert keys_of(new) - keys_of(old) <= of_new_columns(old, new)
    assert {key.target_fullname for key in new.foreign_keys if key.parent.name in old.columns} == {
        key.target_fullname for key in old.foreign_keys
    }


def keys_of(table: Table) -> set[frozenset[str]]:
    constraints = [frozenset(each.columns.keys()) for each in table.constraints if isinstance(each, UniqueConstraint)]
    return {*constraints, *(frozenset(each.columns.keys()) for each in table.indexes if each.unique)}


def of_new_columns(old: Table, new: Table) -> set[frozenset[str]]:
    """Keys that have a column which the version before leaves empty: null is like no other."""
    return {key for key in keys_of(new) if any(name not in old.columns and new.c[name].nullable for name in key)}


async def test_a_server_starts_again_on_the_schema_of_the_next_version(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next version only adds, and says so; this one finds it, changes nothing, and works."""
    at(url, schema.HEAD)
    with monkeypatch.context() as newer:
        become_newer(newer, tmp_path / "newer")
        assert schema.migrate(url)
    after = shape(url)
    assert schema.state_of(url) is State.AHEAD
    assert not schema.migrate(url)
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann, "here")
        assert h.bodies(room) == ["here"]
    assert shape(url) == after


def become_newer(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """This code has a migration more."""
    shutil.copytree(Path(schema.__file__).with_name("migrations"), folder)
    (folder / "versions" / "9999_next.py").write_text(NEXT.format(before=schema.HEAD))
    config = schema.alembic_config()
    config.set_main_option("script_location", str(folder))
    monkeypatch.setattr(schema, "HEAD", "9999")
    monkeypatch.setattr(schema, "alembic_config", lambda: config)


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = '9999', '{before}', None, None
oldest = '{before}'

def upgrade():
    op.add_column('rooms', sa.Column('colour', sa.String(9)))
    op.create_table('colours', sa.Column('name', sa.String(9), primary_key=True))
"""


def test_each_migration_says_who_may_run_on_it() -> None:
    for script in ScriptDirectory.from_config(schema.alembic_config()).walk_revisions():
        assert re.fullmatch(r"\d{4}", script.module.oldest), script.path
        assert script.module.oldest <= script.revision, script.path


def test_what_0002_cannot_give_to_the_version_before(url: str) -> None:
    """Its statements work, but who writes without knowing of 0002 leaves a gap: stop that version first.

    Names are not kept from others by case; nothing is logged, and no webhook is told.
    """
    old = at(url, "0001")
    upgrade(url, "0002")
    run(url, lambda connection: fill(connection, old))
    folded = select(t.users.c.username_folded).distinct()
    assert run(url, lambda connection: connection.scalars(folded).all()) == [None]


def test_what_0004_cannot_give_to_the_version_before(url: str) -> None:
    """It does not look for the names of exclusive rooms: the index refuses what it would let through."""
    old = at(url, "0003")
    upgrade(url, "0004")
    room = {"created_at": 1, "last_at": 1, "name": "lobby"}
    private = [{**room, "number": n, "id": uid(n), "kind": "private", "exclusive": n == 1} for n in (1, 2)]
    run(url, lambda connection: connection.execute(insert(t.rooms), private))
    public = insert(old.tables["rooms"]).values(**room, number=3, id=uid(3), kind="public")
    with pytest.raises(IntegrityError, match=r"uq_rooms_own_name|rooms\.name"):
        run(url, lambda connection: connection.execute(public))


def test_the_rule_is_enforced() -> None:
    """What `expands` must not let through."""

    def table(*columns: Column[Any]) -> Table:
        number = Column("number", Integer, primary_key=True)
        return Table("things", MetaData(), *(each._copy() for each in (number, *columns)))

    name, flag = Column("name", String(10)), Column("flag", Boolean, nullable=False, server_default="0")
    old = table(name, flag)
    expands(old, table(name, flag, Column("more", Integer), Column("n", Integer, nullable=False, server_default="0")))
    for wrong in (
        table(name),
        table(flag, Column("title", String(10))),
        table(flag, Column("name", String(10), nullable=False)),
        table(flag, Column("name", String(5))),
        table(flag, Column("name", Integer)),
        table(name, Column("flag", Boolean, nullable=False)),
        table(name, flag, Column("more", Integer, nullable=False)),
        table(flag, Column("name", String(10), unique=True)),
    ):
        with pytest.raises((AssertionError, KeyError)):
            expands(old, wrong)
