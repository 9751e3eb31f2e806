"""Reports, the word list, and the audit log."""

from sqlalchemy import DDL, BigInteger, Column, Index, String, Table, Text, event, text

from tertulia.storage.tables.base import EMPTY, Id, Number, Sorted, Time, metadata

reports = Table(
    "reports",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("room", Number),  # no foreign key: a report outlives what it is about
    Column("room_id", Id),
    Column("index", BigInteger),
    Column("message_id", Id),
    Column("user", Number),  # whom it is about
    Column("reporter", Number),  # null: the word list
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("body", Text),  # the message as it was then
    Column("created_at", Time, nullable=False),
    Column("resolved_at", Time),
    Column("resolved_by", Number),
    Column("resolution", Text),
    Index("ix_reports_reporter", "reporter", "created_at"),
    Index("ix_reports_user", "user"),
    Index(
        "ix_reports_open",
        "number",
        sqlite_where=text("resolved_at IS NULL"),
        postgresql_where=text("resolved_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

words = Table(
    "words",
    metadata,
    Column("word", Sorted(64), primary_key=True),  # folded
    Column("action", String(16), nullable=False),  # refuse, report
    Column("by", Number),
    Column("created_at", Time, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Number, primary_key=True),
    Column("at", Time, nullable=False),
    Column("actor", Number),  # null: a server key, or the command line
    Column("via", String(128), nullable=False),  # user, key NAME, command line, server
    Column("act", String(32), nullable=False),
    Column("room", Number),
    Column("room_id", Id),
    Column("user", Number),
    Column("details", Text),  # JSON
    Index("ix_audit_room", "room_id", "number"),
    Index("ix_audit_user", "user", "number"),
    Index("ix_audit_actor", "actor", "number"),
    sqlite_autoincrement=True,
)
# Append-only, also for whoever has the database open in a shell.
for _act in ("UPDATE", "DELETE"):
    _trigger = DDL(  # type: ignore[no-untyped-call]
        f"CREATE TRIGGER audit_is_append_only_{_act.lower()} BEFORE {_act} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )
    event.listen(audit, "after_create", _trigger.execute_if(dialect="sqlite"))
for _statement in (
    "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'the audit log is append-only'; END$$",
    "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "EXECUTE FUNCTION audit_is_append_only()",
):
    _made = DDL(_statement)  # type: ignore[no-untyped-call]
    event.listen(audit, "after_create", _made.execute_if(dialect="postgresql"))
