"""Hashing passwords, off the event loop and never too many at once.

A hash takes some 30 ms of a core and 19 MiB; two threads do it, 64 callers may wait for a turn.
"""

import base64
import os
from contextlib import AbstractAsyncContextManager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tertulia.domain.models import User
from tertulia.domain.passwords import Strength, check_password
from tertulia.services.turns import Turns
from tertulia.storage.accounts import NewUser

THREADS = 2
WAITING = 64


def recommended_hasher() -> PasswordHasher:
    """Argon2id with one lane, as OWASP recommends: a flood of sign-ins must leave the cores to the chat."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Passwords:
    """Take a `turn`, and hash and verify within it."""

    def __init__(self, hasher: PasswordHasher | None = None, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._hasher = hasher or recommended_hasher()
        self._turns = Turns("password", threads, waiting, "Too many people sign in at once. Try again shortly.")
        self._nobodys_hash = _unmatched_hash(self._hasher)

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Hold one of the threads, first come, first served; raises `busy` when too many wait."""
        return self._turns.turn()

    async def choose(
        self, password: str, about: dict[str, str], *, field: str = "password", strength: Strength = Strength.FULL
    ) -> str:
        """The hash of a new password; `about`: see `about_user`. Raises `weak_password` (see `check_password`)."""

        def work() -> str:
            check_password(password, about, field=field, strength=strength)
            return self._hasher.hash(password)

        return await self._turns.work(work)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Without a stored hash the answer is no, and takes as long."""
        return await self._turns.work(lambda: self._verify(stored or self._nobodys_hash, password))

    async def renew(self, stored: str, password: str) -> str | None:
        """The verified password's hash with today's parameters, when `stored` was made with others."""
        if not self._hasher.check_needs_rehash(stored):
            return None
        return await self._turns.work(lambda: self._hasher.hash(password))

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        self._turns.close()


def about_user(user: User | NewUser) -> dict[str, str]:
    """What a password must not be like."""
    return {
        "username": user.username or "",
        "email": user.email or "",
        "first name": user.first_name,
        "last name": user.last_name,
    }


def _unmatched_hash(hasher: PasswordHasher) -> str:
    """A hash that no password has, with the parameters of the others; made without hashing anything."""

    def encode(size: int) -> str:
        return base64.b64encode(os.urandom(size)).decode().rstrip("=")

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${encode(hasher.salt_len)}${encode(hasher.hash_len)}"
