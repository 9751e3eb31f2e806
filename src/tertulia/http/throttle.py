"""How many calls one address may make."""

from ipaddress import IPv6Address, ip_address, ip_network

from tertulia.clock import Clock
from tertulia.domain.buckets import Buckets
from tertulia.domain.errors import Rejection

MANY = 10
"""A backend speaks for many, and a page shows many pictures: so many times as often as other calls."""
REGISTRATIONS, LOGINS, CALLS = 30, 90, 1200


class Throttle:
    """Per address and minute; all of a minute's may come at once.

    Kinds: `register`, `forgot` (as many), `login`, `call` (all others), `server` (by server key: ten times as
    many), `picture` (as many).
    """

    def __init__(
        self, clock: Clock, registrations: int = REGISTRATIONS, logins: int = LOGINS, calls: int = CALLS
    ) -> None:
        limits = {"register": registrations, "forgot": registrations, "login": logins, "call": calls}
        limits["server"] = limits["picture"] = calls * MANY
        self._buckets = {kind: Buckets(limit / 60, limit, clock) for kind, limit in limits.items()}

    def check(self, address: str, kind: str) -> None:
        """Count a call; raises `rate_limited` when `address` made too many of that kind."""
        _refuse(self._buckets[kind].take(_household(address)))

    def look(self, address: str, kind: str) -> None:
        """Raise what `check` would raise, and count nothing: for what is counted when it has failed."""
        _refuse(self._buckets[kind].wait(_household(address)))


def _refuse(wait: float) -> None:
    if wait > 0:
        raise Rejection("rate_limited", "Too many requests from your address. Wait a little.", retry_after=wait)


def _household(address: str) -> str:
    """What counts as one address: with IPv6, where one line has 2⁶⁴ of them, the whole line."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed)
