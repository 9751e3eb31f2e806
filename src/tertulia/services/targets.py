"""Where a webhook's address leads: looked up once, checked, and connected to as it was checked.

A name is not trusted to lead to the same place twice (DNS rebinding), nor to any place of the own network (SSRF).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from tertulia.domain.addresses import Allowed

LOOKUPS = 4
"""Threads; names whose servers are silent must not hold up what else the process does in threads."""
MAX_ADDRESSES = 4
OWN_NETWORK = "it leads into the server's own network (see TERTULIA_WEBHOOK_ALLOWED_NETWORKS)"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class TargetError(Exception):
    """There is no way to this target; the text says why, and names nothing that could be secret."""


class Targets:
    """`allowed`: networks of the own that may be reached all the same. `resolve`: a name and port to addresses."""

    def __init__(self, allowed: Iterable[str] = (), resolve: Resolve | None = None) -> None:
        self._allowed = Allowed(allowed)
        self._resolve = resolve or self._look_up
        self._threads = ThreadPoolExecutor(LOOKUPS, "tertulia-resolve")

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, all of which may be reached; raises `TargetError`."""
        found = list(dict.fromkeys(await self._resolve(host, port)))[:MAX_ADDRESSES]
        if not found:
            raise TargetError("the name has no address")
        if not all(self._may_reach(address) for address in found):
            raise TargetError(OWN_NETWORK)
        return found

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError):
            raise TargetError("the name cannot be looked up") from None
        return found

    def _may_reach(self, address: str) -> bool:
        if not self._allowed.may_reach(address):
            return False
        return self._allowed.names(ip_address(address)) or not _is_this_machine(address)

    def close(self) -> None:
        """Without waiting for lookups that nobody waits for any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_this_machine(address: str) -> bool:
    """Whether it is an address of this machine itself: then the way there starts where it ends. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return str(probe.getsockname()[0]) == address
    except OSError:
        return False  # no way there: connecting says so
