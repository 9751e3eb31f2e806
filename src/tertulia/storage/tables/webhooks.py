"""Who is told of what happens, and what they are still to be told."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from tertulia.storage.tables.base import ZERO, Id, Number, Time, metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events", Text, nullable=False),  # JSON
    Column("created_at", Time, nullable=False),
    Column("disabled_at", Time),
    sqlite_autoincrement=True,
)

# What webhooks are to be told, in the order in which it happened; a row goes when it is delivered.
deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("webhook", Number, ForeignKey("webhooks.number"), nullable=False),
    Column("room", Number),  # one at a time for each webhook and room; null: not of a room
    Column("event", String(32), nullable=False),
    Column("payload", Text, nullable=False),  # JSON
    Column("audience", Text),  # JSON: whom it concerns; told are those who are offline when it is sent
    Column("created_at", Time, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=ZERO),
    Column("next_at", Time, nullable=False),
    Column("dead_at", Time),
    Column("error", Text),
    Index(
        "ix_deliveries_queue",
        "webhook",
        "room",
        "number",
        sqlite_where=text("dead_at IS NULL"),
        postgresql_where=text("dead_at IS NULL"),
    ),
    Index(
        "ix_deliveries_dead",
        "webhook",
        "number",
        sqlite_where=text("dead_at IS NOT NULL"),
        postgresql_where=text("dead_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)
