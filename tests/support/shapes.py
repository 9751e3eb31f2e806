"""What a database consists of, as it says itself: tables, columns, indexes, triggers."""

import re
import warnings
from typing import Any

from alembic import command
from sqlalchemy import Connection, MetaData, text

from tertulia.storage import schema
from tertulia.storage.database import open_engine

Shape = dict[str, Any]

_OF_POSTGRESQL = """
SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
    || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(l.collname, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'table ' || relname, reloptions::text
FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'S')
UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL SELECT 'trigger ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
"""


def shape(url: str) -> Shape:
    """Everything of ours in the database, by name; without the table of Alembic."""
    engine = open_engine(url, write=False)
    with engine.connect() as connection:
        found = _of_sqlite(connection) if schema.is_file(url) else dict(connection.execute(text(_OF_POSTGRESQL)).all())
    engine.dispose()
    return {name: value for name, value in found.items() if schema.VERSION_TABLE not in name}


def _of_sqlite(connection: Connection) -> Shape:
    """The words as SQLite keeps them; a table's sorted, for the order of its parts is free."""
    rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    words = {(kind, name): re.findall(r"\w+|[^\w\s\"]", sql) for kind, name, sql in rows}
    return {name: sorted(found) if kind == "table" else found for (kind, name), found in words.items()}


def run_sql(url: str, *statements: str) -> None:
    """In one transaction."""
    engine = open_engine(url, write=True)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def upgrade(url: str, version: str) -> None:
    """To a version before the newest."""
    engine = open_engine(url, write=True)
    with engine.begin() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def tables(url: str) -> MetaData:
    """The tables that are there, with what SQLAlchemy sees of them."""
    engine = open_engine(url, write=False)
    found = MetaData()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*expression-based index")
        found.reflect(engine)
    engine.dispose()
    found.remove(found.tables[schema.VERSION_TABLE])
    return found
