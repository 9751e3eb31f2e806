"""How many sockets there are, and from where."""

from collections import Counter
from ipaddress import IPv6Address

from tertulia.domain.errors import Rejection
from tertulia.gateway.transport import Transport

COME_BACK_SECONDS = 5.0


class Seat:
    """One counted socket, from before its handshake to its end."""

    __slots__ = ("_key", "_seats", "transport")

    def __init__(self, seats: "Seats", key: str) -> None:
        self._seats = seats
        self._key = key
        self.transport: Transport | None = None

    def leave(self) -> None:
        """Free it; a second time does nothing."""
        self.transport = None
        self._seats.free(self, self._key)


class Seats:
    """Counts sockets, in all and per address (an IPv6 client has a whole /64 of them)."""

    def __init__(self, most: int, per_address: int) -> None:
        self._most = most
        self._per_address = per_address
        self._taken: set[Seat] = set()
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, address: str) -> Seat:
        """Raises `Rejection` when there is none left."""
        key = _network(address)
        if len(self._taken) >= self._most:
            raise Rejection("busy", "The server has no room for more connections.", retry_after=COME_BACK_SECONDS)
        if self._by_address[key] >= self._per_address:
            raise Rejection("busy", "Too many connections from your address.", retry_after=COME_BACK_SECONDS)
        seat = Seat(self, key)
        self._taken.add(seat)
        self._by_address[key] += 1
        return seat

    def free(self, seat: Seat, key: str) -> None:
        if seat not in self._taken:
            return
        self._taken.remove(seat)
        self._by_address[key] -= 1
        if not self._by_address[key]:
            del self._by_address[key]

    def transports(self) -> list[Transport]:
        return [seat.transport for seat in self._taken if seat.transport is not None]


def _network(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return IPv6Address(address).exploded[:19]
    except ValueError:
        return address
