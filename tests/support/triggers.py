"""Rows that the database itself refuses."""

from sqlalchemy import Connection, text

_SQLITE = "CREATE TRIGGER refused BEFORE {deed} ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
_POSTGRESQL = """
CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'no' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER refused BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION refused()
"""


def refuse(connection: Connection, deed: str, table: str) -> None:
    """Until `allow`, each `deed` ("INSERT", "DELETE") on `table` is an `IntegrityError` that no second try helps."""
    make = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    connection.execute(text(make.format(deed=deed, table=table)))


def allow(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    connection.execute(text("DROP TRIGGER refused" if sqlite else "DROP FUNCTION refused CASCADE"))
