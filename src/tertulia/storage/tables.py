"""The tables. Inside, everything refers to the small integer `number`; UUIDs are for the outside.

Times are microseconds since 1970 UTC. Text ids are canonical UUIDs.
"""

from sqlalchemy import (
    DDL,
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
    event,
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
    Column("email_confirmed_at", Time),  # of `email_login`
    Column("avatar", Text),  # a URL
    Column("is_staff", Boolean, nullable=False, server_default=FALSE),
    Column("is_active", Boolean, nullable=False, server_default=TRUE),
    Column("is_bot", Boolean, nullable=False, server_default=FALSE),
    Column("is_demo", Boolean, nullable=False, server_default=FALSE),
    Column("metadata", Text),
    Column("version", BigInteger, nullable=False, server_default=ZERO),
    Column("created_at", Time, nullable=False),
    Column("last_seen_at", Time),
    Column("sessions_ended_at", Time),  # tokens of the product's own backend made before are refused
    Column("deleted_at", Time),  # the row stays, without anything personal
    Column("erasing", String(16)),  # what is still to be done of a deletion: leave, blank
    Index(
        "ix_users_erasing",
        "number",
        sqlite_where=text("erasing IS NOT NULL"),
        postgresql_where=text("erasing IS NOT NULL"),
    ),
    Index(
        "ix_users_inactive",
        "number",
        sqlite_where=text("is_active = 0"),
        postgresql_where=text("NOT is_active"),
    ),
    Index(
        "ix_users_sessions_ended",
        "sessions_ended_at",
        sqlite_where=text("sessions_ended_at IS NOT NULL"),
        postgresql_where=text("sessions_ended_at IS NOT NULL"),
    ),
    Index("ix_users_staff", "number", sqlite_where=text("is_staff = 1"), postgresql_where=text("is_staff")),
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
    Column("slow_mode", Integer, nullable=False, server_default=ZERO),  # seconds between two posts of a member
    Column("retention_days", Integer),
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

blocks = Table(
    "blocks",
    metadata,
    Column("user", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("blocked", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
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
    sqlite_autoincrement=True,
)

# Keys of the product's backend, and one-time links: only hashes are stored.
api_keys = Table(
    "api_keys",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),  # JSON
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time),
    Column("revoked_at", Time),
    sqlite_autoincrement=True,
)

# Whose account was deleted here: a token that the product's backend made before must not bring it back.
departed = Table(
    "departed",
    metadata,
    Column("external_hash", String(64), primary_key=True),
    Column("at", Time, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user", Number, ForeignKey("users.number"), nullable=False),
    Column("purpose", String(16), nullable=False),  # reset, confirm
    Column("email", String(254)),  # where it was sent; a changed address makes it useless
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Index("ix_links_user", "user", "purpose"),
    Index("ix_links_expires", "expires_at"),
)

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
    Column("word", String(64), primary_key=True),  # folded
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
for _act in ("UPDATE", "DELETE"):  # append-only, also for whoever has the file open in a shell
    _trigger = DDL(  # type: ignore[no-untyped-call]
        f"CREATE TRIGGER audit_is_append_only_{_act.lower()} BEFORE {_act} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )
    event.listen(audit, "after_create", _trigger.execute_if(dialect="sqlite"))

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
