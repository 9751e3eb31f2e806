"""The tables. Inside, everything refers to the small integer `number`; UUIDs are for the outside.

Times are microseconds since 1970 UTC. Text ids are canonical UUIDs.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER columns
Id = String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Time = BigInteger
FALSE, TRUE, ZERO, EMPTY = text("false"), text("true"), text("0"), text("''")

users = Table(
    "users",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("external_id", String(255), unique=True),
    Column("username", String(150), nullable=False, unique=True),
    Column("email", String(254)),  # as typed
    Column("email_login", String(254), unique=True),  # folded; set only when claimed as a login
    Column("first_name", String(150), nullable=False, server_default=EMPTY),
    Column("last_name", String(150), nullable=False, server_default=EMPTY),
    Column("password_hash", Text),
    Column("avatar", Text),
    Column("is_staff", Boolean, nullable=False, server_default=FALSE),
    Column("is_active", Boolean, nullable=False, server_default=TRUE),
    Column("is_bot", Boolean, nullable=False, server_default=FALSE),
    Column("is_demo", Boolean, nullable=False, server_default=FALSE),
    Column("metadata", Text),
    Column("version", BigInteger, nullable=False, server_default=ZERO),
    Column("created_at", Time, nullable=False),
    Column("last_seen_at", Time),
    Index(
        "ix_users_inactive",
        "number",
        sqlite_where=text("is_active = 0"),
        postgresql_where=text("NOT is_active"),
    ),
    sqlite_autoincrement=True,  # numbers are never used again
)

# What people are searched by: each is found by its beginning, in any case.
SPACE: ColumnElement[str] = literal_column("' '")  # a bound value would not match the index
SEARCHED = (
    func.lower(users.c.username),
    func.lower(users.c.first_name.concat(SPACE).concat(users.c.last_name)),
    func.lower(users.c.last_name),
)
Index("ix_users_search_username", SEARCHED[0], users.c.number)
Index("ix_users_search_name", SEARCHED[1], users.c.number)
Index("ix_users_search_last_name", SEARCHED[2], users.c.number)

sessions = Table(
    "sessions",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("user", Number, ForeignKey("users.number"), nullable=False, index=True),
    Column("device", String(255), nullable=False, server_default=EMPTY),
    Column("address", String(64), nullable=False, server_default=EMPTY),
    Column("generation", Integer, nullable=False, server_default=ZERO),  # counts the refreshes
    Column("rotated_at", Time),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("revoked_at", Time),
    Index(
        "ix_sessions_revoked",
        "revoked_at",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # numbers are never used again
)

rooms = Table(
    "rooms",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("external_id", String(255), unique=True),
    Column("name", String(255)),  # unique among public rooms: a refusal must not tell the names of private ones
    Column("title", String(255), nullable=False, server_default=EMPTY),
    Column("description", Text, nullable=False, server_default=EMPTY),
    Column("owner", Number, ForeignKey("users.number")),
    Column("head_seq", BigInteger, nullable=False, server_default=ZERO),
    Column("message_count", BigInteger, nullable=False, server_default=ZERO),
    Column("first_index", BigInteger, nullable=False, server_default=text("1")),
    Column("access_seq", BigInteger, nullable=False, server_default=ZERO),
    Column("settings_seq", BigInteger, nullable=False, server_default=ZERO),
    Column("member_count", Integer, nullable=False, server_default=ZERO),
    Column("direct_key", String(64), unique=True),
    Column("archived", Boolean, nullable=False, server_default=FALSE),
    Column("is_demo", Boolean, nullable=False, server_default=FALSE),
    Column("metadata", Text),
    Column("created_at", Time, nullable=False),
    Column("last_at", Time, nullable=False),  # time of the newest message or notice
    Column("deleted_at", Time),
    Index(
        "uq_rooms_name",
        "name",
        unique=True,
        sqlite_where=text("kind = 'public'"),
        postgresql_where=text("kind = 'public'"),
    ),
    Index(
        "ix_rooms_deleted",
        "number",
        sqlite_where=text("deleted_at IS NOT NULL"),
        postgresql_where=text("deleted_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # numbers are never used again
)

members = Table(
    "members",
    metadata,
    Column("room", Number, ForeignKey("rooms.number"), primary_key=True, autoincrement=False),
    Column("user", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("role", String(16), nullable=False),
    Column("read_index", BigInteger, nullable=False, server_default=ZERO),
    Column("delivered_index", BigInteger, nullable=False, server_default=ZERO),
    Column("joined_at", Time, nullable=False),
    Column("left_at", Time),
    Column("changed_seq", BigInteger, nullable=False),
    Index("ix_members_user", "user", "left_at"),
    Index("ix_members_changed", "room", "changed_seq"),
    Index(
        "ix_members_joined",
        "room",
        "joined_at",
        "user",
        sqlite_where=text("left_at IS NULL"),
        postgresql_where=text("left_at IS NULL"),
    ),
    sqlite_with_rowid=False,
)

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
    Column("reactions", Text),  # JSON: what `reactions` sums up to
    Column("metadata", Text),
    Column("created_at", Time, nullable=False),
    Column("edited_at", Time),
    Column("deleted_at", Time),
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
        "uq_messages_client_id",
        "room",
        "sender",
        "client_id",
        unique=True,
        sqlite_where=text("client_id IS NOT NULL"),
        postgresql_where=text("client_id IS NOT NULL"),
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
