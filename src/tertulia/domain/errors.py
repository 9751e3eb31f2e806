"""The two kinds of no.

    Rejection    refuses one command or request; the connection lives
    Disconnect   ends a connection, with a close code whose range says whether to come back

Every code that a client can see stands in `CODES` and `CloseCode`, and nowhere else.
"""

from enum import IntEnum

CODES: dict[str, int] = {
    # code → HTTP status
    "invalid": 400,  # a field is missing, unknown, of the wrong type or out of range; `fields` says which
    "invalid_json": 400,
    "invalid_text": 400,  # U+0000 or an unpaired surrogate
    "too_long": 400,
    "weak_password": 400,
    "unknown_command": 400,
    "unauthorized": 401,  # no token, or one that is not good (any more)
    "wrong_credentials": 401,
    "token_reused": 401,  # a refresh token was used twice: its whole family is revoked
    "forbidden": 403,
    "not_member": 403,
    "muted": 403,  # you may not post, edit, react or type here for now; `retry_after`
    "blocked": 403,  # one of the two blocks the other
    "banned": 403,  # told only to those who may know of it: who wants to bring a banned user in
    "registration_closed": 403,
    "invite_required": 403,
    "words_refused": 403,  # the text has a word that is not wanted here
    "origin_refused": 403,
    "host_refused": 400,
    "not_found": 404,  # also: exists, but not for you
    "method_not_allowed": 405,
    "username_taken": 409,
    "email_taken": 409,
    "name_taken": 409,
    "external_id_taken": 409,
    "archived": 409,  # the room is read-only
    "too_many": 409,  # a bound of the account or the room is reached
    "invite_invalid": 409,  # expired, used up, revoked, or never there
    "link_invalid": 409,  # a one-time link that was used, has expired, or was never there
    "direct_room": 409,  # not possible in a direct room
    "deleted": 409,  # the message is deleted
    "client_id_reused": 409,  # the same client_id with other content
    "too_many_reactions": 409,
    "too_many_rooms": 409,
    "hello_expected": 409,
    "hello_repeated": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "slow_mode": 429,  # the room takes one post of a member in so many seconds; `retry_after`
    "internal": 500,
    "busy": 503,  # a queue is full; try again after `retry_after`
    "unavailable": 503,  # was not done; try again after `retry_after`
    "outcome_unknown": 503,  # may or may not have been done: repeat with the same client_id
}

TITLES: dict[str, str] = {
    "invalid": "The request is not valid",
    "invalid_json": "Not JSON",
    "invalid_text": "Text that cannot be stored",
    "too_long": "Too long",
    "weak_password": "The password is too weak",
    "unknown_command": "Unknown command",
    "unauthorized": "Sign in first",
    "wrong_credentials": "Wrong username or password",
    "token_reused": "Refresh token used twice",
    "forbidden": "Not allowed",
    "not_member": "Not a member",
    "muted": "Muted",
    "blocked": "Blocked",
    "banned": "Banned",
    "registration_closed": "Registration is closed",
    "invite_required": "An invitation is needed",
    "words_refused": "Not these words",
    "origin_refused": "Origin refused",
    "host_refused": "Host refused",
    "not_found": "Not found",
    "method_not_allowed": "Method not allowed",
    "username_taken": "Username taken",
    "email_taken": "Email address taken",
    "name_taken": "Name taken",
    "external_id_taken": "external_id taken",
    "archived": "The room is archived",
    "too_many": "Too many",
    "invite_invalid": "The invitation is not good",
    "link_invalid": "The link is not good",
    "direct_room": "Not possible in a direct room",
    "deleted": "The message is deleted",
    "client_id_reused": "client_id used twice",
    "too_many_reactions": "Too many reactions",
    "too_many_rooms": "Too many rooms",
    "hello_expected": "Say hello first",
    "hello_repeated": "Hello was said",
    "too_large": "Too large",
    "unsupported_media_type": "Unsupported media type",
    "rate_limited": "Too fast",
    "slow_mode": "Slow mode",
    "internal": "Our fault",
    "busy": "Busy",
    "unavailable": "Unavailable",
    "outcome_unknown": "Outcome unknown",
}


class Rejection(Exception):  # noqa: N818 - it is an answer, not an accident
    """One command or request is refused; nothing was changed.

    `code` is one of `CODES`; `message` is for people and never repeats the input; `retry_after` is in seconds;
    `fields` maps a field's name to what is wrong with it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        field: str | None = None,
        fields: dict[str, str] | None = None,
    ) -> None:
        assert code in CODES, code
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.fields = fields or ({field: message} if field else {})

    @property
    def status(self) -> int:
        """The HTTP status this refusal has on REST."""
        return CODES[self.code]


def not_found(what: str) -> Rejection:
    """The one answer for what is not there and for what you may not see."""
    return Rejection("not_found", f"There is no such {what}.")


class CloseCode(IntEnum):
    """Why the server ends a connection. 4000-4499: come back and resume. 4500-4999: not before something changes."""

    NORMAL = 1000
    PROTOCOL = 1002
    UNSUPPORTED = 1003
    INVALID_TEXT = 1007  # a text frame that is not UTF-8
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012
    BUSY = 1013
    SLOW = 4000  # you read too slowly; come back and resume
    TOKEN_EXPIRED = 4001  # come back with a fresh access token
    NO_HELLO = 4002  # no `hello` within 10 seconds
    FLOOD = 4003  # too many commands; come back after a pause
    UNRESPONSIVE = 4004  # nothing heard from you for too long
    UNAUTHORIZED = 4500  # the token is not good: sign in again
    SESSION_ENDED = 4501  # signed out, revoked, or the account is deactivated
    TOO_MANY = 4502  # too many connections of this user


class Disconnect(Exception):  # noqa: N818
    """The connection ends with `code`."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
