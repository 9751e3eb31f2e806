"""What moves bytes between the nodes of one installation, and what a node may expect of it: little.

A broker is a hint that something is new; the database is the truth. Everything above it works when it does nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Protocol


class Listener(Protocol):
    """A node, as its broker sees it. Called on the event loop; no method may raise, await, or call the broker back."""

    def received(self, channel: str, payload: bytes) -> None:
        """Something was published there, by whomever."""

    def confirmed(self, channels: Collection[str]) -> None:
        """From now on what is published there is heard; what was published before may have been missed."""

    def deaf(self) -> None:
        """Anything on any channel may have been missed up to now; from now on it is heard again."""


class Broker(ABC):
    """One node's end of it. All methods belong to the event loop; only `start` and `stop` may wait.

    To whoever follows a channel, what is published there

    * MAY be lost, repeated, late, or in another order, from one node or between several; also for ever;
    * MAY come back to the node that published it: receivers tell by what is in it;
    * MUST be the bytes that were published, whole, or nothing;
    * MUST NOT come before `start` or after `stop`, nor on channels that were never followed. After `leave` what was on
      its way MAY still come.

    A broker

    * MUST NOT block the event loop: `publish`, `follow` and `leave` return at once and raise nothing;
    * MUST bound what waits, going out and coming in. Full: it drops what it likes. What it dropped of what came in, it
      MUST tell by `deaf`, once it is through; what it dropped of what went out, it need not tell, nobody can;
    * MUST call `confirmed` after each `follow` of a channel that was not followed, as soon as it is heard, not from
      within `follow`, unless it was left before;
    * MUST come back by itself when its connection was lost: it follows again what was followed, and when that is
      confirmed calls `deaf` once. Until then it drops what is published;
    * MUST take payloads of up to `MAX_PAYLOAD` bytes, and channels of up to 100 characters of ASCII.
    """

    @abstractmethod
    async def start(self, listener: Listener) -> None:
        """Return when it can be used, or is trying to: a broker that is away MUST NOT keep a node from starting."""

    @abstractmethod
    async def stop(self) -> None:
        """Let go of everything; what was published before SHOULD still go out. Stopping twice is no error."""

    @abstractmethod
    def publish(self, channel: str, payload: bytes) -> None:
        """To all other nodes that follow `channel`."""

    @abstractmethod
    def follow(self, channel: str) -> None:
        """Hear what is published there from now on. Twice is once."""

    @abstractmethod
    def leave(self, channel: str) -> None:
        """Hear it no more; also what is not followed."""

    @abstractmethod
    def is_heard(self, channel: str) -> bool:
        """Whether another node may follow it. Cheap, asked before anything is encoded; False MUST be certain."""


MAX_PAYLOAD = 512 * 1024
