"""Profile pictures that were uploaded here: their sizes, and where they are shown."""

import re

LARGE, SMALL = 256, 64
"""Pixels a side."""
PREFIX = "/avatars/"
LARGE_NAME = f"/{LARGE}.webp"
CONTENT_TYPE = "image/webp"
MAX_BYTES = 5 * 1024 * 1024
"""Of a picture as it is sent, unless the settings say otherwise."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


def is_token(text: str) -> bool:
    """Whether it can be what stands for a picture in its address: 192 random bits."""
    return _TOKEN.fullmatch(text) is not None


def address_of(token: str, server: str) -> str:
    """Where the large one is shown. `server`: the address of this server, without a slash at the end."""
    return f"{server}{PREFIX}{token}{LARGE_NAME}"


def is_uploaded(avatar: str | None, server: str) -> bool:
    """Whether what a user has as `avatar` is a picture of this server, not an address that somebody gave."""
    return avatar is not None and avatar.startswith(server + PREFIX)
