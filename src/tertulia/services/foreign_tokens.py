"""Access tokens that the product's own backend signed: JWTs, checked by a key and an algorithm that settings fix."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
import structlog

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.external import Profile, check_external_id, micros_of, profile_of
from tertulia.domain.times import SECOND
from tertulia.services.jwks import Jwks
from tertulia.services.tokens import expired, unauthorized

log = structlog.get_logger(__name__)

MAX_TOKEN = 8_192
"""Characters."""
MAX_KID = 512
LEEWAY = 30 * SECOND
"""By so much the clock of whoever signs may go ahead of ours."""
VERIFIED = 20_000
"""Tokens that need not be verified again."""
_OUR_CHECKS = dict.fromkeys(("exp", "nbf", "iat", "aud", "iss", "sub", "jti"), False)


class Keys(Protocol):
    """Where the key of a token comes from."""

    algorithm: str

    def check(self) -> None:
        """Raises `unavailable` when keys cannot be relied on now."""

    async def key(self, kid: str | None) -> Any:
        """The key of that id; None: there is none. Raises `unavailable`."""


class Secret:
    """One key for all tokens (HS256)."""

    algorithm = "HS256"

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def check(self) -> None:
        """It is always there."""

    async def key(self, kid: str | None) -> bytes:  # noqa: ARG002
        return self._secret


@dataclass(slots=True)
class Verified:
    """A good token. Times in microseconds. `is_applied`: its profile was compared with the account."""

    external_id: str
    expires_at: int
    issued_at: int | None
    profile: Profile
    is_applied: bool = False


class ForeignTokens:
    """`issuer` and `audience`: what `iss` and `aud` must be. Without an audience, a token that has one is refused:
    it is meant for somebody else (RFC 7519, section 4.1.3).
    """

    def __init__(
        self,
        keys: Keys,
        clock: Clock,
        *,
        issuer: str = "",
        audience: str = "",
        size: int = VERIFIED,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._size = size
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()  # by hash: no token is kept
        if isinstance(keys, Jwks):
            keys.on_changed(self._verified.clear)

    async def verify(self, token: str) -> Verified:
        """Raises `unauthorized` (of the class `Expired` when it was good once) or `unavailable`."""
        if len(token) > MAX_TOKEN or not token.isascii():
            raise unauthorized()
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._verified.get(digest)
        if verified is None:
            verified = await self._verify(token)
            self._remember(digest, verified)
        else:
            self._keys.check()
            self._verified.move_to_end(digest)
        if verified.expires_at <= self._clock.now():
            del self._verified[digest]
            raise expired()
        return verified

    def _remember(self, digest: bytes, verified: Verified) -> None:
        self._verified[digest] = verified
        if len(self._verified) > self._size:
            self._verified.popitem(last=False)

    async def _verify(self, token: str) -> Verified:
        key = await self._keys.key(self._kid(token))
        if key is None:
            raise self._refused("key")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self._keys.algorithm],
                options={f"verify_{name}": check for name, check in _OUR_CHECKS.items()},  # type: ignore[arg-type]
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise self._refused("signature") from None
        return self._read(claims)

    def _kid(self, token: str) -> str | None:
        """Which key it names. Nothing else of the header counts before the signature is checked."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise self._refused("form") from None
        kid = header.get("kid")
        if header.get("alg") != self._keys.algorithm or (kid is not None and not isinstance(kid, str)):
            raise self._refused("algorithm")
        if kid is not None and len(kid) > MAX_KID:
            raise self._refused("key")
        return kid

    def _read(self, claims: dict[str, Any]) -> Verified:
        self._check_parties(claims)
        expires_at, issued_at = micros_of(claims.get("exp")), micros_of(claims.get("iat"))
        if expires_at is None:
            raise self._refused("exp")
        now = self._clock.now()
        for name in ("nbf", "iat"):
            at = micros_of(claims.get(name))
            if name in claims and (at is None or at > now + LEEWAY):
                raise self._refused(name)
        if issued_at is not None:
            issued_at = min(issued_at, now)  # a clock that goes ahead must not save its tokens from an end
        return Verified(self._external_id(claims.get("sub")), expires_at, issued_at, profile_of(claims))

    def _check_parties(self, claims: dict[str, Any]) -> None:
        if self._issuer and claims.get("iss") != self._issuer:
            raise self._refused("iss")
        audience = claims.get("aud")
        if not self._audience:
            if audience is not None:
                raise self._refused("aud: set TERTULIA_JWT_AUDIENCE")
        elif self._audience not in ([audience] if isinstance(audience, str) else _list(audience)):
            raise self._refused("aud")

    def _external_id(self, sub: Any) -> str:
        try:
            if isinstance(sub, str):
                return check_external_id(sub)
        except Rejection:
            pass
        raise self._refused("sub")

    def _refused(self, why: str) -> Rejection:
        """The answer says nothing; whoever runs the server reads the reason in the log."""
        log.info("foreign.refused", why=why)
        return unauthorized()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
