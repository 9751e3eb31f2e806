"""A password hasher that waits for the test."""

import threading
from typing import Literal

from argon2 import PasswordHasher


class GatedHasher(PasswordHasher):
    """Verifies only while its gate is open; `running` and `most` count who is at it."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.gate = threading.Event()
        self.gate.set()
        self.running = self.most = self.verified = 0
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        with self._lock:
            self.running += 1
            self.verified += 1
            self.most = max(self.most, self.running)
        try:
            self.gate.wait()
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.running -= 1
