"""Rooms, who is in them, who may not be, who may come."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from tertulia.storage.tables.base import EMPTY, FALSE, ZERO, Id, Number, Time, metadata

rooms = Table(
    "rooms",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("external_id", String(255), unique=True),
    Column("name", String(255)),  # unique where it is one's own: a refusal must not tell the names of other rooms
    Column("exclusive", Boolean, nullable=False, server_default=FALSE),  # the name is its own, though it is private
    Column("join_by_id", Boolean, nullable=False, server_default=FALSE),  # who has the id may join, though private
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
    Column("slow_mode", Integer, nullable=False, server_default=ZERO),  # seconds between two posts of a member
    Column("retention_days", Integer),
    Column("is_demo", Boolean, nullable=False, server_default=FALSE),
    Column("metadata", Text),
    Column("created_at", Time, nullable=False),
    Column("last_at", Time, nullable=False),  # time of the newest message or notice
    Column("deleted_at", Time),
    Index(
        "uq_rooms_name",  # the next one holds it, too; what is not needed any more goes one release later
        "name",
        unique=True,
        sqlite_where=text("kind = 'public'"),
        postgresql_where=text("kind = 'public'"),
    ),
    Index(
        "uq_rooms_own_name",
        "name",
        unique=True,
        sqlite_where=text("kind = 'public' OR exclusive = 1"),
        postgresql_where=text("kind = 'public' OR exclusive"),
    ),
    Index(
        "ix_rooms_public",
        "number",
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
    # Each batch makes a new version of the rows of its rooms: half of a page is left free for them, and swept often.
    postgresql_with={
        "fillfactor": 50,
        "autovacuum_vacuum_threshold": 1000,
        "autovacuum_vacuum_scale_factor": 0.01,
        "autovacuum_vacuum_cost_delay": 0,
        "autovacuum_analyze_scale_factor": 0.5,
    },
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
    Column("muted_until", Time),
    Column("last_post_at", Time),  # written only while the room has a slow mode
    Column("notify", String(16), nullable=False, server_default=text("'all'")),
    Column("hidden_index", BigInteger),  # hidden while the room has no later message
    Column("unread_from", BigInteger),  # marked as unread from this message on
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

# Who may not come in, whom one does not want to hear from. Neither takes a seq: not everybody may see it.
bans = Table(
    "bans",
    metadata,
    Column("room", Number, ForeignKey("rooms.number"), primary_key=True, autoincrement=False),
    Column("user", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("by", Number),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("created_at", Time, nullable=False),
    sqlite_with_rowid=False,
)

invites = Table(
    "invites",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("code", String(64), nullable=False, unique=True),
    Column("room", Number, ForeignKey("rooms.number")),  # null: to the server
    Column("by", Number),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False, server_default=ZERO),
    Column("revoked_at", Time),
    Index("ix_invites_room", "room", "number"),
    Index("ix_invites_by", "by"),
    sqlite_autoincrement=True,
)
