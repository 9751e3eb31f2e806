"""Hashing passwords, off the event loop and never too many at once.

A hash takes some 30 ms of a core and 19 MiB; two threads do it, 64 callers may wait for a turn.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tertulia.domain.errors import Rejection
from tertulia.domain.passwords import check_password

T = TypeVar("T")

THREADS = 2
WAITING = 64


def recommended_hasher() -> PasswordHasher:
    """Argon2id with one lane, as OWASP recommends: a flood of sign-ins must leave the cores to the chat."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Passwords:
    """Take a `turn`, and hash and verify within it."""

    def __init__(self, hasher: PasswordHasher | None = None, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._hasher = hasher or recommended_hasher()
        self._threads = ThreadPoolExecutor(threads, "tertulia-password")
        self._free = asyncio.Semaphore(threads)
        self._max_waiting = waiting
        self._waiting = 0
        self._nobodys_hash = _unmatched_hash(self._hasher)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the threads, first come, first served; raises `busy` when too many wait."""
        if self._free.locked() and self._waiting >= self._max_waiting:
            raise Rejection("busy", "Too many people sign in at once. Try again shortly.", retry_after=2)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    async def choose(self, password: str, about: dict[str, str], *, field: str = "password") -> str:
        """The hash of a new password; raises `weak_password` (see `check_password`)."""

        def work() -> str:
            check_password(password, about, field=field)
            return self._hasher.hash(password)

        return await self._work(work)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Without a stored hash the answer is no, and takes as long."""
        return await self._work(lambda: self._verify(stored or self._nobodys_hash, password))

    async def renew(self, stored: str, password: str) -> str | None:
        """The verified password's hash with today's parameters, when `stored` was made with others."""
        if not self._hasher.check_needs_rehash(stored):
            return None
        return await self._work(lambda: self._hasher.hash(password))

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, job: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._threads, job)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])  # the thread goes on; the turn is not over before
            raise

    def close(self) -> None:
        self._threads.shutdown()


def _unmatched_hash(hasher: PasswordHasher) -> str:
    """A hash that no password has, with the parameters of the others; made without hashing anything."""

    def encode(size: int) -> str:
        return base64.b64encode(os.urandom(size)).decode().rstrip("=")

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${encode(hasher.salt_len)}${encode(hasher.hash_len)}"
