"""What can go wrong for a client.

ApiError         the server refused one command or request
ConnectionLost   the line was cut, or never came up; nothing is known about the answer
Stopped          the client will not come back by itself: signed out, or closed
OutboxFull       too many posts wait for an answer
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Base of all errors of this package."""


class ApiError(ClientError):
    """The server said no.

    `code` is stable (docs/protocol.md, section 7), `message` is for people, `status` the HTTP status (None on the
    socket), `retry_after` in seconds, `fields` maps a field's name to what is wrong with it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        retry_after: float | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "ApiError":
        """From the `error` of a reply."""
        return cls(
            str(body.get("code", "internal")),
            str(body.get("message", "The server gave no reason.")),
            retry_after=body.get("retry_after"),
            fields=body.get("fields"),
        )


AGAIN = frozenset({"rate_limited", "busy", "unavailable", "outcome_unknown"})
"""Codes after which the same command may be repeated as it is (a post: with the same client_id)."""


class ConnectionLost(ClientError):  # noqa: N818 - what happened
    """The line was cut before the answer came, or could not be opened. `retry_after`: the server asked to wait."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Stopped(ClientError):  # noqa: N818 - what happened
    """The client ended for good. `code`: the close code (4500 and above), or None when it was closed here."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class OutboxFull(ClientError):  # noqa: N818 - what happened
    """Too many posts wait for an answer: wait for some before you post more."""
