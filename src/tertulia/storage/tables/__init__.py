"""The tables. Inside, everything refers to the small integer `number`; UUIDs are for the outside.

Times are microseconds since 1970 UTC. Text ids are canonical UUIDs.
"""

from tertulia.storage.tables.base import metadata
from tertulia.storage.tables.installation import boots, installation
from tertulia.storage.tables.messages import mentions, messages, reactions, room_mentions
from tertulia.storage.tables.moderation import audit, reports, words
from tertulia.storage.tables.people import SEARCHED, SPACE, api_keys, avatars, blocks, departed, links, sessions, users
from tertulia.storage.tables.rooms import bans, invites, members, rooms
from tertulia.storage.tables.webhooks import deliveries, webhooks

__all__ = [
    "SEARCHED",
    "SPACE",
    "api_keys",
    "audit",
    "avatars",
    "bans",
    "blocks",
    "boots",
    "deliveries",
    "departed",
    "installation",
    "invites",
    "links",
    "members",
    "mentions",
    "messages",
    "metadata",
    "reactions",
    "reports",
    "room_mentions",
    "rooms",
    "sessions",
    "users",
    "webhooks",
    "words",
]
