"""The timeline of a room, and what hangs on its messages."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, text

from tertulia.storage.tables.base import FALSE, Id, Number, Time, metadata

messages = Table(
    "messages",
    metadata,
    Column("number", Number, primary_key=True),
    Column("room", Number, ForeignKey("rooms.number"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("index", BigInteger),  # null: a notice
    Column("after", BigInteger, nullable=False),  # a notice: the index it follows; a message: its own index - 1
    Column("changed_seq", BigInteger, nullable=False),
    Column("id", Id, nullable=False, unique=True),
    Column("sender", Number, ForeignKey("users.number")),
    Column("kind", String(16), nullable=False),
    Column("body", Text),
    Column("notice", Text),  # JSON
    Column("reply_to", BigInteger),
    Column("client_id", String(64)),
    Column("mentions", Text),  # JSON: user ids
    Column("mentions_room", Boolean, nullable=False, server_default=FALSE),  # says @room
    Column("reactions", Text),  # JSON: what `reactions` sums up to
    Column("metadata", Text),
    Column("created_at", Time, nullable=False),
    Column("edited_at", Time),
    Column("deleted_at", Time),
    Column("pinned_at", Time),
    Column("pinned_by", Number),
    UniqueConstraint("room", "seq"),
    Index(
        "uq_messages_room_index",
        "room",
        "index",
        unique=True,
        sqlite_where=text('"index" IS NOT NULL'),
        postgresql_where=text('"index" IS NOT NULL'),
    ),
    Index(
        "uq_messages_client_id",  # also finds the rooms in which somebody posted
        "sender",
        "room",
        "client_id",
        unique=True,
        sqlite_where=text("sender IS NOT NULL"),
        postgresql_where=text("sender IS NOT NULL"),
    ),
    Index(
        "ix_messages_notices",
        "room",
        "after",
        "seq",
        sqlite_where=text('"index" IS NULL'),
        postgresql_where=text('"index" IS NULL'),
    ),
    # A message that never changed is found by its seq; only the others need an index of their changes.
    Index(
        "ix_messages_changed",
        "room",
        "changed_seq",
        sqlite_where=text("changed_seq > seq"),
        postgresql_where=text("changed_seq > seq"),
    ),
    Index(
        "ix_messages_pinned",
        "room",
        "pinned_at",
        sqlite_where=text("pinned_at IS NOT NULL"),
        postgresql_where=text("pinned_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # numbers are never used again
)

mentions = Table(
    "mentions",
    metadata,
    Column("user", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("room", Number, ForeignKey("rooms.number"), primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_mentions_room", "room", "index"),
    sqlite_with_rowid=False,
)

# A message that says @room: one row, however many members there are; each counts those above their read_index.
room_mentions = Table(
    "room_mentions",
    metadata,
    Column("room", Number, ForeignKey("rooms.number"), primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", Number, ForeignKey("users.number"), nullable=False),
    sqlite_with_rowid=False,
)

reactions = Table(
    "reactions",
    metadata,
    Column("number", Number, primary_key=True),  # the order in which they came
    Column("room", Number, ForeignKey("rooms.number"), nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("user", Number, ForeignKey("users.number"), nullable=False),
    Column("emoji", String(64), nullable=False),
    UniqueConstraint("room", "index", "user", "emoji"),
)
