"""Access and refresh tokens: JWTs, made from the row of a session and from nothing else.

The same row gives the same tokens, byte for byte; so a refresh whose answer was lost can be answered again
without anything secret being stored.
"""

import hmac
from dataclasses import dataclass
from typing import Any, TypeGuard

import jwt

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Caller, Session
from tertulia.domain.times import SECOND
from tertulia.protocol.resources import TokensResource

ALGORITHM = "HS256"
MAX_TOKEN = 4096
"""Characters; ours have some 300."""


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """Which generation of which session a refresh token is."""

    session: str
    generation: int


class Tokens:
    """Makes and reads tokens. `secret`: the same on every node; lifetimes in seconds."""

    def __init__(self, secret: bytes, access_seconds: int, refresh_seconds: int, clock: Clock) -> None:
        self._secret = secret
        self._key = hmac.digest(secret, b"tertulia.tokens.v1", "sha256")
        self._server = ""
        self._clock = clock
        self.access_seconds = access_seconds
        self.refresh_seconds = refresh_seconds

    def bind(self, installation: str, server: str = "") -> None:
        """Make and take only tokens of this history: in another database the same numbers are other people.

        After a move of the database to another `server` (a standby took over) a device refreshes, and goes on: its
        session has an id that is nobody else's, while the last numbers may have been given out again.
        """
        self._key = hmac.digest(self._secret, b"tertulia.tokens.v1." + installation.encode(), "sha256")
        self._server = server

    def pair(self, session: Session, user_id: str) -> TokensResource:
        """The tokens of the session's present generation. `expires_in` is counted from when they were first made."""
        made = session.rotated_at // SECOND
        access = {
            "typ": "access",
            "sub": user_id,
            "num": session.user,
            "sid": session.id,
            "iat": made,
            "exp": made + self.access_seconds,
            "jti": f"{session.id}.{session.generation}",
            "srv": self._server,
        }
        refresh = {
            "typ": "refresh",
            "sid": session.id,
            "gen": session.generation,
            "exp": session.expires_at // SECOND,
        }
        return {"access": self._sign(access), "refresh": self._sign(refresh), "expires_in": self.access_seconds}

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, ALGORITHM)

    def access(self, token: str) -> Caller:
        """Whose access token it is; `unauthorized` when it is not a good one (any more)."""
        claims = self._read(token, "access")
        user, user_id, session, made = claims.get("num"), claims.get("sub"), claims.get("sid"), claims.get("iat")
        if not (isinstance(user_id, str) and isinstance(session, str) and _integer(user) and _integer(made)):
            raise unauthorized()
        # Tokens made under a longer lifetime must not outlive what `Sessions` remembers of ended sessions.
        expires_at = min(claims["exp"], made + self.access_seconds) * SECOND
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

    def _read(self, token: str, typ: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN:
            raise NotOurs
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                options={"verify_exp": False, "verify_iat": False, "verify_aud": False},  # our clock decides, below
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise NotOurs from None
        if claims.get("typ") != typ or not _integer(claims.get("exp")):
            raise unauthorized()
        if claims["exp"] * SECOND <= self._clock.now():
            raise expired()
        return claims


def _integer(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_INTEGER


def unauthorized() -> Rejection:
    """The one answer for everything that is wrong with a token."""
    return Rejection("unauthorized", "Sign in: this token is not good, or not any more.")


class NotOurs(Rejection):
    """The token was not signed by this server: it may be one of the product's backend."""

    def __init__(self) -> None:
        refusal = unauthorized()
        super().__init__(refusal.code, refusal.message)


class Expired(Rejection):
    """The token was good once: a fresh one helps."""


def expired() -> Rejection:
    return Expired("unauthorized", "This token has expired: refresh it, or sign in again.")
