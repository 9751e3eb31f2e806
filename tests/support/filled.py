"""A row or more in every table, with a value in every column, and all that is hard to carry from place to place."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, MetaData, insert

HARD = 'O\'Brien \\N "x" \t línea\nüß 東京 👩‍👩‍👧 {}[],%s :name'
BIG = 2**62
NOW = 1_700_000_000_000_001


def uid(number: int) -> str:
    return str(UUID(int=0x0192_ABCD_0000_7000_8000_0000_0000_0000 + number))


ROWS: dict[str, list[dict[str, Any]]] = {
    "boots": [{"id": uid(1), "started_at": NOW}, {"id": uid(2), "started_at": NOW + 1}],
    "installation": [{"key": "epoch", "value": uid(3)}, {"key": "words", "value": ""}],
    "users": [
        {
            "number": 1,
            "id": uid(11),
            "external_id": "ext-1",
            "username": "Ännie",
            "username_folded": "ännie",
            "email": "Ann@Example.org",
            "email_login": "ann@example.org",
            "first_name": HARD,
            "last_name": "Þórsdóttir",
            "password_hash": "$argon2id$v=19$m=1$x",
            "email_confirmed_at": NOW,
            "avatar": "https://a.example/a.png",
            "is_staff": True,
            "is_active": True,
            "is_bot": False,
            "is_demo": False,
            "metadata": '{"a": [1, null]}',
            "version": 7,
            "created_at": NOW,
            "last_seen_at": NOW + 5,
            "sessions_ended_at": NOW + 6,
        },
        {"number": 3, "id": uid(12), "username": "bob", "username_folded": "bob", "created_at": 0},
        # Numbers that are gone, and one that was never used again.
        {
            "number": 40,
            "id": uid(13),
            "username": "deleted-40",
            "is_active": False,
            "is_bot": True,
            "is_demo": True,
            "created_at": NOW,
            "deleted_at": NOW,
            "erasing": "leave",
        },
    ],
    "departed": [{"external_hash": "f" * 64, "at": NOW}],
    "sessions": [
        {
            "number": 5,
            "id": uid(21),
            "user": 1,
            "device": HARD,
            "address": "2001:db8::1",
            "generation": 3,
            "rotated_at": NOW,
            "created_at": NOW,
            "last_used_at": NOW,
            "expires_at": NOW + 10**9,
            "revoked_at": NOW + 2,
        },
        {"number": 6, "id": uid(22), "user": 3, "created_at": NOW, "last_used_at": NOW, "expires_at": BIG},
    ],
    "blocks": [{"user": 3, "blocked": 1, "created_at": NOW}],
    "avatars": [
        {
            "user": 1,
            "token": "c" * 32,
            "content_type": "image/webp",
            "created_at": NOW,
            "small": bytes(range(256)),
            "large": b"\\x00" + HARD.encode() + b"\0" * 300,
        }
    ],
    "links": [
        {
            "token_hash": "a" * 64,
            "user": 1,
            "purpose": "confirm",
            "email": "ann@example.org",
            "created_at": NOW,
            "expires_at": NOW + 1,
        }
    ],
    "api_keys": [
        {
            "number": 2,
            "id": uid(31),
            "name": "shop",
            "key_hash": "b" * 64,
            "scopes": '["users"]',
            "created_at": NOW,
            "last_used_at": NOW,
            "revoked_at": NOW,
        }
    ],
    "rooms": [
        {
            "number": 1,
            "id": uid(41),
            "kind": "public",
            "external_id": "r-1",
            "name": "général",
            "title": HARD,
            "description": "x" * 4_000,
            "owner": 1,
            "head_seq": 4,
            "message_count": 2,
            "first_index": 1,
            "access_seq": 2,
            "settings_seq": 1,
            "member_count": 2,
            "archived": True,
            "slow_mode": 30,
            "retention_days": 90,
            "exclusive": True,
            "join_by_id": True,
            "is_demo": True,
            "metadata": "{}",
            "created_at": NOW,
            "last_at": NOW,
            "deleted_at": NOW + 1,
        },
        {"number": 9, "id": uid(42), "kind": "direct", "direct_key": "1:3", "created_at": NOW, "last_at": NOW},
    ],
    "members": [
        {
            "room": 1,
            "user": 1,
            "role": "owner",
            "read_index": 2,
            "delivered_index": 2,
            "joined_at": NOW,
            "left_at": NOW + 9,
            "muted_until": NOW + 8,
            "last_post_at": NOW,
            "notify": "mentions",
            "hidden_index": 1,
            "unread_from": 2,
            "changed_seq": 1,
        },
        {"room": 1, "user": 3, "role": "member", "joined_at": NOW, "changed_seq": 2},
        {"room": 9, "user": 3, "role": "member", "joined_at": NOW, "changed_seq": 1},
    ],
    "bans": [{"room": 1, "user": 40, "by": 1, "reason": HARD, "created_at": NOW}],
    "invites": [
        {
            "number": 4,
            "id": uid(51),
            "code": "code-1",
            "room": 1,
            "by": 1,
            "created_at": NOW,
            "expires_at": NOW + 1,
            "max_uses": 5,
            "uses": 2,
            "revoked_at": NOW,
        },
        {"number": 5, "id": uid(52), "code": "code-2", "created_at": NOW},
    ],
    "messages": [
        {
            "number": 100,
            "room": 1,
            "seq": 1,
            "after": 0,
            "changed_seq": 1,
            "id": uid(61),
            "kind": "notice",
            "notice": '{"what": "joined"}',
            "created_at": NOW,
        },
        {
            "number": 101,
            "room": 1,
            "seq": 2,
            "index": 1,
            "after": 0,
            "changed_seq": 4,
            "id": uid(62),
            "sender": 1,
            "kind": "message",
            "body": HARD,
            "client_id": "client-1",
            "mentions": f'["{uid(12)}"]',
            "mentions_room": True,
            "reactions": '[["👍", 1]]',
            "metadata": '{"k": "v"}',
            "created_at": NOW,
            "edited_at": NOW + 1,
            "pinned_at": NOW + 2,
            "pinned_by": 1,
        },
        {
            "number": BIG,
            "room": 1,
            "seq": 3,
            "index": 2,
            "after": 1,
            "changed_seq": 3,
            "id": uid(63),
            "sender": 3,
            "kind": "message",
            "reply_to": 1,
            "client_id": "client-1",
            "created_at": NOW,
            "deleted_at": NOW + 3,
        },
    ],
    "mentions": [{"user": 3, "room": 1, "index": 1}],
    "room_mentions": [{"room": 1, "index": 1, "sender": 1}],
    "reactions": [
        {"number": 8, "room": 1, "index": 1, "user": 3, "emoji": "👩‍👩‍👧"},
        {"number": 9, "room": 1, "index": 1, "user": 1, "emoji": "👍"},
    ],
    "reports": [
        {
            "number": 1,
            "id": uid(71),
            "room": 1,
            "room_id": uid(41),
            "index": 1,
            "message_id": uid(62),
            "user": 1,
            "reporter": 3,
            "reason": HARD,
            "body": HARD,
            "created_at": NOW,
            "resolved_at": NOW,
            "resolved_by": 1,
            "resolution": "nothing",
        },
        {"number": 2, "id": uid(72), "created_at": NOW},
    ],
    "words": [
        {"word": "zebra*", "action": "refuse", "by": 1, "created_at": NOW},
        {"word": "éclair", "action": "report", "created_at": NOW},
    ],
    "audit": [
        {
            "number": 1,
            "at": NOW,
            "actor": 1,
            "via": "user",
            "act": "ban",
            "room": 1,
            "room_id": uid(41),
            "user": 40,
            "details": "{}",
        },
        {"number": 2, "at": NOW, "via": "command line", "act": "word"},
    ],
    "webhooks": [
        {
            "number": 1,
            "id": uid(81),
            "url": "https://b.example/hook",
            "secret": "whsec_x",
            "events": '["message"]',
            "created_at": NOW,
            "disabled_at": NOW,
        }
    ],
    "deliveries": [
        {
            "number": 1,
            "id": uid(82),
            "webhook": 1,
            "room": 1,
            "event": "message",
            "payload": HARD,
            "audience": "[1]",
            "created_at": NOW,
            "attempts": 2,
            "next_at": NOW,
            "dead_at": NOW,
            "error": HARD,
        }
    ],
}
"""By table. Numbers have holes, and one is near the end of what there is."""


def fill(connection: Connection, tables: MetaData) -> None:
    """Put them into the tables that are in `tables`, and of each what it has columns for."""
    for table in tables.sorted_tables:
        for row in ROWS.get(table.name, ()):
            connection.execute(insert(table).values({name: row[name] for name in row if name in table.columns}))
