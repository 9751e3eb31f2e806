"""A product's backend: it signs tokens of its users, and shows its public keys at an address."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tertulia.clock import Clock

SECRET = "a secret of the product's backend"
RSA_KEYS = {name: rsa.generate_private_key(65_537, 2_048) for name in ("one", "two")}
OTHERS: dict[str, Any] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def claims(clock: Clock, sub: Any = "u1", **more: Any) -> dict[str, Any]:
    """Made now, for ten minutes; what is None is left out."""
    now = clock.now() // 1_000_000
    given = {"sub": sub, "iat": now, "exp": now + 600, **more}
    return {name: value for name, value in given.items() if value is not None}


def shared(clock: Clock, sub: Any = "u1", *, secret: str = SECRET, **more: Any) -> str:
    """A token with the shared secret."""
    return jwt.encode(claims(clock, sub, **more), secret, "HS256")


def signed(clock: Clock, sub: Any = "u1", *, kid: str | None = "one", key: Any = None, **more: Any) -> str:
    """A token with a private key, RS256."""
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(clock, sub, **more), key or RSA_KEYS[kid or "one"], "RS256", headers=headers)


def by_hand(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    """What no library would make."""
    parts = [json.dumps(part).encode() for part in (header, payload)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, signature])


def jwk(name: str = "one", *, private: bool = False, **more: Any) -> dict[str, Any]:
    key = RSA_KEYS[name]
    made = jwt.algorithms.RSAAlgorithm.to_jwk(key if private else key.public_key(), as_dict=True)
    made.pop("key_ops")
    given = {**made, "kid": name, "use": "sig", **more}
    return {field: value for field, value in given.items() if value is not None}


class KeysAddress:
    """What answers there can be changed at any time. `asked`: how often somebody did."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = "200 OK"
        self.headers: list[str] = []
        self.gate: asyncio.Event | None = None
        self.body = b""
        self.url = ""
        self.show("one")

    def show(self, *names: str) -> None:
        self.body = json.dumps({"keys": [jwk(name) for name in names]}).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.gate is not None:
                await self.gate.wait()
            head = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.body)}", "Connection: close", *self.headers]
            writer.write("\r\n".join([*head, "", ""]).encode() + self.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def keys_address() -> AsyncIterator[KeysAddress]:
    address = KeysAddress()
    server = await asyncio.start_server(address.answer, "127.0.0.1", 0)
    address.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    try:
        yield address
    finally:
        server.close()
        await server.wait_closed()
