"""What text may be: any Unicode, kept as it is, but for what a database cannot hold."""

from tertulia.domain.errors import Rejection

MAX_BODY = 16_384
"""Characters in a message."""


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
