"""What may be a reaction: one fully-qualified emoji of the Unicode list."""

import emoji as unicode_list

from tertulia.domain.errors import Rejection

MAX_KINDS = 20
MAX_REACTIONS = 2_000
SHOWN_USERS = 50


def check_emoji(text: str) -> str:
    """The emoji itself, or `invalid`."""
    entry = unicode_list.EMOJI_DATA.get(text)
    if entry is None or entry["status"] != unicode_list.STATUS["fully_qualified"]:
        raise Rejection("invalid", "A reaction is one emoji of the Unicode list, fully qualified.", field="emoji")
    return text
