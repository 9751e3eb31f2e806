"""The public keys of whoever signs the product's tokens: fetched, kept, and fetched again when they are turned."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

MAX_BYTES = 256 * 1024
MAX_KEYS = 50
FETCH_SECONDS = 4.0
"""Less than an upgrade may wait for its answer."""
AGAIN_SECONDS = 60.0
"""After a fetch, an unknown key id is not worth another one for so long."""
RETRY_SECONDS = 5.0
"""While no keys were ever there."""
FRESH_SECONDS = 600.0
"""Older keys are good, and fetched again in the background."""
GOOD_SECONDS = 86_400.0
"""While the address does not answer, the keys that it gave last are good for so long."""
RSA_BITS = range(2_048, 8_193)

_KINDS: dict[str, tuple[str, str | None]] = {  # algorithm → kty, crv
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}


class Unusable(Exception):  # noqa: N818 - an outcome
    """What came from the address is no set of keys; the text says why."""


class Jwks:
    """Keys by id. `algorithm` is the only one that they are used with, whatever they or a token say."""

    def __init__(self, url: str, algorithm: str, clock: Clock, tasks: Tasks) -> None:
        self.algorithm = algorithm
        self._url = url
        self._clock = clock
        self._tasks = tasks
        self._keys: dict[str | None, Any] = {}
        self._raw = b""
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._callbacks: list[Callable[[], None]] = []

    def on_changed(self, callback: Callable[[], None]) -> None:
        """`callback()` is called when other keys came than were there: some may be good no more."""
        self._callbacks.append(callback)

    def start(self) -> None:
        """Fetch ahead, so that a wrong address is in the log before the first user comes."""
        self._fetch()

    def check(self) -> None:
        """Raises `unavailable` when there are no keys, or only such as are too old; fetches what is not fresh."""
        if self._fetched_at is None or self._age() > GOOD_SECONDS:
            raise self._unavailable()
        if self._age() > FRESH_SECONDS and self._may_try(AGAIN_SECONDS):
            self._fetch()

    async def key(self, kid: str | None) -> Any:
        """The key of that id, or without one the only key; None when there is none. Raises `unavailable`."""
        if (self._fetched_at is None or self._age() > GOOD_SECONDS) and self._may_try(RETRY_SECONDS):
            await self._wait()
        self.check()
        if self._find(kid) is None and self._may_try(AGAIN_SECONDS):
            await self._wait()
        return self._find(kid)

    def _find(self, kid: str | None) -> Any:
        if kid is not None:
            return self._keys.get(kid)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def _age(self) -> float:
        assert self._fetched_at is not None
        return self._clock.monotonic() - self._fetched_at

    def _may_try(self, seconds: float) -> bool:
        """A fetch that runs is one that may be waited for."""
        if self._fetching is not None or self._tried_at is None:
            return True
        return self._clock.monotonic() - self._tried_at >= seconds

    def _unavailable(self) -> Rejection:
        message = "The keys by which tokens are checked cannot be had at the moment. Try again shortly."
        return Rejection("unavailable", message, retry_after=RETRY_SECONDS)

    # Fetching

    def _fetch(self) -> asyncio.Task[None]:
        """One at a time, however many wait for it."""
        if self._fetching is None:
            self._tried_at = self._clock.monotonic()
            self._fetching = self._tasks.spawn(self._fetch_once(), "jwks")
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, _task: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _wait(self) -> None:
        await asyncio.wait([self._fetch()])

    async def _fetch_once(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                raw = await self._download()
            keys = keys_of(raw, self.algorithm)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, Unusable) as error:
            why = str(error) if isinstance(error, Unusable) else type(error).__name__
            log.warning("jwks.failed", why=why, keys=len(self._keys))
            return
        self._fetched_at = self._clock.monotonic()
        if not keys:
            log.warning("jwks.no_keys", algorithm=self.algorithm)
        if raw != self._raw:
            log.info("jwks.fetched", keys=len(keys))
            self._raw, self._keys = raw, keys
            for callback in self._callbacks:
                callback()

    async def _download(self) -> bytes:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False) as client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise Unusable(f"status {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Unusable("compressed")  # a little of that may be very much
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > MAX_BYTES:
                    raise Unusable("too large")
            return bytes(body)


def keys_of(raw: bytes, algorithm: str) -> dict[str | None, Any]:
    """By id, the public keys of a JWK Set (RFC 7517) that are for `algorithm`; of two with one id, the first.

    A key without an id has the id None. Raises `Unusable`.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise Unusable("not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise Unusable("not a JWK Set")
    if len(listed) > MAX_KEYS:
        raise Unusable(f"more than {MAX_KEYS} keys")
    found: dict[str | None, Any] = {}
    for jwk in listed:
        key = _key_of(jwk, algorithm)
        if key is not None:
            found.setdefault(jwk.get("kid"), key)
    return found


def _key_of(jwk: Any, algorithm: str) -> Any:
    if not isinstance(jwk, dict) or not _is_for(jwk, algorithm):
        return None
    try:
        key = jwt.get_algorithm_by_name(algorithm).from_jwk(jwk)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size not in RSA_BITS:
        log.warning("jwks.weak_key", bits=key.key_size)
        return None
    return key


def _is_for(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """A public key to verify with, of the right kind. One whose private part is public is nobody's."""
    kty, crv = _KINDS[algorithm]
    kid = jwk.get("kid")
    operations = jwk.get("key_ops")
    return (
        jwk.get("kty") == kty
        and jwk.get("crv") == crv
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and (kid is None or isinstance(kid, str))
        and "d" not in jwk
        and "k" not in jwk
    )
