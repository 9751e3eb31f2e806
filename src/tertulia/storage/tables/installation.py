"""The server itself: its starts, and what was done once."""

from sqlalchemy import Column, String, Table, Text

from tertulia.storage.tables.base import Id, Time, metadata

boots = Table(
    "boots",
    metadata,
    Column("id", Id, primary_key=True),
    Column("started_at", Time, nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
