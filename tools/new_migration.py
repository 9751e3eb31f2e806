"""Writes the next file of src/tertulia/storage/migrations/versions from what changed in storage/tables.py.

    .venv/bin/python tools/new_migration.py "rooms get a topic"

Read what it wrote, correct it, and set `HEAD` in storage/schema.py to its number. Alembic does not see every
difference (indexes on expressions, for one): tests/storage/test_schema.py does. A file that was never released may be
made anew: delete it and run this again.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.autogenerate import render_python_code
from alembic.config import Config
from alembic.operations import ops
from alembic.script import ScriptDirectory

from tertulia.storage.database import open_engine, sqlite_url
from tertulia.storage.schema import alembic_config
from tertulia.storage.tables import metadata


def main(message: str) -> None:
    config = alembic_config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    number = f"{int(newest or 0) + 1:04}"
    slug = "_".join("".join(c if c.isalnum() else " " for c in message.lower()).split()[:4])
    config.set_main_option("file_template", f"{number}_{slug}")
    if newest is None:
        _write_first(config, message, number)
    else:
        _write_next(config, message, number)
    print(f"Written: {number}_{slug}.py. Read it, correct it, and set HEAD in storage/schema.py to {number!r}.")


def _write_first(config: Config, message: str, number: str) -> None:
    """All tables, with all their indexes."""
    steps: list[ops.MigrateOperation] = []
    for table in metadata.sorted_tables:
        steps.append(ops.CreateTableOp.from_table(table))
        steps += [ops.CreateIndexOp.from_index(i) for i in sorted(table.indexes, key=lambda i: str(i.name))]
    body = render_python_code(ops.UpgradeOps(ops=steps))
    ScriptDirectory.from_config(config).generate_revision(number, message, refresh=False, upgrades=body)


def _write_next(config: Config, message: str, number: str) -> None:
    """What differs between the tables and a database made by the migrations there are."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(sqlite_url(Path(folder) / "old.db"), write=True)
        with engine.connect() as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.revision(config, message=message, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit('Say what changes: tools/new_migration.py "rooms get a topic"')
    main(sys.argv[1])
