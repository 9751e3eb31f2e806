"""Access and refresh tokens: JWTs, made from the row of a session and from nothing else.

The same row gives the same tokens, byte for byte; so a refresh whose answer was lost can be answered again
without anything secret being stored.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, TypeGuard

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Caller, Session
from tertulia.domain.times import SECOND
from tertulia.protocol.resources import TokensResource

KINDS = ("access", "refresh")
MAX_TOKEN = 4096
"""Characters; ours have some 300."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long an access token and a refresh token are good, in seconds."""

    access: int
    refresh: int


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """Which generation of which session a refresh token is."""

    session: str
    generation: int


class Tokens:
    """Makes and reads tokens. `secret`: the same on every node; lifetimes in seconds.

    `longest_access`: no access token is good for longer than this, or than `access_seconds` if that is more.
    """

    def __init__(
        self, secret: bytes, access_seconds: int, refresh_seconds: int, clock: Clock, *, longest_access: int = 0
    ) -> None:
        self._secret = secret
        self._key = hmac.digest(secret, b"tertulia.tokens.v1", "sha256")
        self._server = ""
        self._clock = clock
        self.access_seconds = access_seconds
        self.refresh_seconds = refresh_seconds
        self.longest_access = max(access_seconds, longest_access)

    def bind(self, installation: str, server: str = "") -> None:
        """Make and take only tokens of this history: in another database the same numbers are other people.

        After a move of the database to another `server` (a standby took over) a device refreshes, and goes on: its
        session has an id that is nobody else's, while the last numbers may have been given out again.
        """
        self._key = hmac.digest(self._secret, b"tertulia.tokens.v1." + installation.encode(), "sha256")
        self._server = server

    def pair(self, session: Session, user_id: str, lifetimes: Lifetimes | None = None) -> TokensResource:
        """The tokens of the session's present generation. `expires_in` is counted from when they were first made.

        How long the refresh token is good stands in the session.
        """
        made = session.rotated_at // SECOND
        lasts = self.access_seconds if lifetimes is None else min(lifetimes.access, self.longest_access)
        refresh = {
            "typ": "refresh",
            "sid": session.id,
            "gen": session.generation,
            "exp": session.expires_at // SECOND,
        }
        access = self._access(session, user_id, made, made + lasts)
        return {"access": access, "refresh": self._sign(refresh), "expires_in": lasts}

    def fresh_access(self, session: Session, user_id: str, lifetimes: Lifetimes) -> str:
        """One more access token of the present generation, made now; it ends with the session."""
        made = self._clock.now() // SECOND
        ends = min(made + min(lifetimes.access, self.longest_access), session.expires_at // SECOND)
        return self._access(session, user_id, made, ends)

    def _access(self, session: Session, user_id: str, made: int, ends: int) -> str:
        return self._sign(
            {
                "typ": "access",
                "sub": user_id,
                "num": session.user,
                "sid": session.id,
                "iat": made,
                "exp": ends,
                "jti": f"{session.id}.{session.generation}",
                "srv": self._server,
            }
        )

    def _sign(self, claims: dict[str, Any]) -> str:
        signed = f"{_HEADER}.{_base64(json.dumps(claims, separators=(',', ':')).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def access(self, token: str) -> Caller:
        """Whose access token it is; `unauthorized` when it is not a good one (any more)."""
        claims = self._read(token, "access")
        user, user_id, session, made = claims.get("num"), claims.get("sub"), claims.get("sid"), claims.get("iat")
        if not (isinstance(user_id, str) and isinstance(session, str) and _integer(user) and _integer(made)):
            raise unauthorized()
        # Tokens made under a longer lifetime must not outlive what `Sessions` remembers of ended sessions.
        expires_at = min(claims["exp"], made + self.longest_access) * SECOND
        if expires_at <= self._clock.now() or claims.get("srv", "") != self._server:
            raise expired()
        return Caller(user, user_id, session, expires_at)

    def refresh(self, token: str) -> RefreshClaims:
        """What a refresh token says; `unauthorized` when it is not a good one (any more)."""
        claims = self._read(token, "refresh")
        session, generation = claims.get("sid"), claims.get("gen")
        if not (isinstance(session, str) and _integer(generation)):
            raise unauthorized()
        return RefreshClaims(session, generation)

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token says that `_sign` wrote, to the letter; `NotOurs` for all others."""
        signed, _, signature = token.rpartition(".")
        header, _, claims = signed.partition(".")
        if header != _HEADER or not token.isascii() or not hmac.compare_digest(signature, self._signature(signed)):
            raise NotOurs
        found: dict[str, Any] = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return found

    def _signature(self, signed: str) -> str:
        return _base64(hmac.digest(self._key, signed.encode(), "sha256"))

    def _read(self, token: str, typ: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN:
            raise NotOurs
        claims = self._claims(token)
        if claims.get("typ") not in KINDS or not _integer(claims.get("exp")):
            raise unauthorized()
        is_over = claims["exp"] * SECOND <= self._clock.now()
        if claims["typ"] != typ:
            raise unauthorized() if is_over else WrongKind()
        if is_over:
            raise expired()
        return claims


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


_HEADER = _base64(b'{"alg":"HS256","typ":"JWT"}')


def _integer(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_INTEGER


def unauthorized() -> Rejection:
    """The one answer for everything that is wrong with a token."""
    return Rejection("unauthorized", "Sign in: this token is not good, or not any more.")


class _Unauthorized(Rejection):
    """Says what `unauthorized` says: only the program learns what it was."""

    def __init__(self) -> None:
        refusal = unauthorized()
        super().__init__(refusal.code, refusal.message)


class NotOurs(_Unauthorized):
    """The token was not signed by this server: it may be one of the product's backend."""


class WrongKind(_Unauthorized):
    """A good token, but a refresh token where an access token is wanted, or the other way round."""


class Revoked(_Unauthorized):
    """A refresh token that was used up, or whose session has ended."""


class NoAccount(_Unauthorized):
    """A refresh token of somebody whose account is deactivated or deleted."""


class Expired(Rejection):
    """The token was good once: a fresh one helps."""


def expired() -> Rejection:
    return Expired("unauthorized", "This token has expired: refresh it, or sign in again.")
