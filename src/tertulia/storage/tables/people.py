"""Accounts, and what belongs to one: sessions, blocks, pictures, one-time links; and the keys of the backend."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    literal_column,
    text,
)

from tertulia.domain.usernames import fold_username
from tertulia.storage.tables.base import EMPTY, FALSE, TRUE, ZERO, Id, Number, Sorted, Time, metadata


def _fold_username(context: Any) -> str:
    """Every row that is made has it; who changes a username changes this, too."""
    return fold_username(context.get_current_parameters()["username"])


users = Table(
    "users",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("external_id", String(255), unique=True),
    Column("username", Sorted(150), nullable=False, unique=True),
    # Null: a deleted account, or somebody came earlier whose name differs by case, from before that was refused.
    Column("username_folded", String(450), default=_fold_username),
    Column("email", String(254)),  # as typed
    Column("email_login", String(254), unique=True),  # folded; set only when claimed as a login
    Column("first_name", Sorted(150), nullable=False, server_default=EMPTY),
    Column("last_name", Sorted(150), nullable=False, server_default=EMPTY),
    Column("password_hash", Text),
    Column("email_confirmed_at", Time),  # of `email_login`
    Column("avatar", Text),  # a URL; that of the row in `avatars`, if there is one
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
    Index("uq_users_username_folded", "username_folded", unique=True),
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

blocks = Table(
    "blocks",
    metadata,
    Column("user", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("blocked", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("created_at", Time, nullable=False),
    sqlite_with_rowid=False,
)

avatars = Table(
    "avatars",
    metadata,
    Column("user", Number, ForeignKey("users.number"), primary_key=True, autoincrement=False),
    Column("token", String(64), nullable=False, unique=True),  # in its address
    Column("content_type", String(32), nullable=False),
    Column("created_at", Time, nullable=False),
    Column("small", LargeBinary, nullable=False),
    Column("large", LargeBinary, nullable=False),
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

# Whose account was deleted here: a token that the product's backend made before must not bring it back.
departed = Table(
    "departed",
    metadata,
    Column("external_hash", String(64), primary_key=True),
    Column("at", Time, nullable=False),
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
