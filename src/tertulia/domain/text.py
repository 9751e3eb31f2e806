"""What text may be: any Unicode, kept as it is, but for what a database cannot hold."""

import unicodedata

from tertulia.domain.errors import Rejection

MAX_BODY = 16_384
"""Characters in a message."""
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the text around a name. A name has its direction without them."""
BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""Categories of control characters and of what begins a new line."""


def check_text(text: str) -> str:
    """The text itself; refuses U+0000 and unpaired surrogates with `invalid_text`."""
    if "\x00" in text:
        raise Rejection("invalid_text", "Text may not contain the character U+0000.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Rejection("invalid_text", "Text may not contain unpaired surrogates.") from None
    return text


def check_line(text: str, field: str) -> str:
    """The text itself, a name or a title: it breaks no line and does not turn what stands around it."""
    if any(character in BIDI or unicodedata.category(character) in BREAKS for character in text):
        message = "A name or a title has no line breaks, and no characters that control or turn the text around it."
        raise Rejection("invalid", message, field=field)
    return text


def check_body(body: str) -> str:
    """A message's body: 1 to 16,384 characters, not only white space."""
    check_text(body)
    if not body or body.isspace():
        raise Rejection("invalid", "Write something first: the body is empty.", field="body")
    if len(body) > MAX_BODY:
        raise Rejection(
            "too_long",
            f"A message holds at most {MAX_BODY:,} characters; this one has {len(body):,}.",
            field="body",
        )
    return body
