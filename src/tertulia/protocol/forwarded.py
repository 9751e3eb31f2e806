"""Who asks, when a proxy stands between.

Anybody can write `X-Forwarded-For`. Only what a trusted proxy wrote counts: from the right, the first address that
is not a trusted proxy's own is the client. Shared by HTTP and the socket's admission.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI has them: pairs, a name may repeat."""

MAX_HOPS = 32
_FORWARDING = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-real-ip")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from, and what address the client sees. `scheme` is http or https.

    `vouched`: no proxy, or one that is trusted. Not vouched: forwarding headers came from somebody we do not
    trust, so `address` may be that of a proxy.
    """

    address: str
    scheme: str
    host: str
    vouched: bool = True

    @property
    def is_local(self) -> bool:
        """A person or program on this very machine, not somebody behind a proxy on it."""
        address = _address(self.address)
        return self.vouched and address is not None and address.is_loopback


class Forwarded:
    """Believes forwarding headers from `trusted_proxies` (addresses and CIDR networks) and from nobody else."""

    def __init__(self, trusted_proxies: Iterable[str] = ()) -> None:
        """Raises ValueError for what is neither an address nor a network."""
        self._networks = [ip_network(proxy.strip(), strict=False) for proxy in trusted_proxies]

    def resolve(self, peer: str, headers: Headers, scheme: str = "http") -> Visitor:
        """`peer` is the address at the other end of the line ("" for none), `scheme` that of the line."""
        values = _values(headers)
        scheme = _SCHEMES.get(scheme, "http")
        host = _last(values, b"host")
        address = _address(peer)
        if not self._trusts(address):
            vouched = not any(name in values for name in _FORWARDING)
            return Visitor(str(address or peer), scheme, host, vouched)
        scheme = _SCHEMES.get(_last(values, b"x-forwarded-proto").lower(), scheme)
        return Visitor(self._client(peer, values), scheme, _last(values, b"x-forwarded-host") or host)

    def _client(self, peer: str, values: dict[bytes, list[str]]) -> str:
        client = peer
        hops = ",".join(values.get(b"x-forwarded-for", [])).split(",")
        for hop in reversed(hops[-MAX_HOPS:]):
            address = _address(hop)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return _plain(client)

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def valid_host(host: str) -> bool:
    """Whether this can be a `Host` header: a name or an address, and perhaps a port."""
    return _HOST.fullmatch(host) is not None


def _values(headers: Headers) -> dict[bytes, list[str]]:
    values: dict[bytes, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value.decode("latin-1"))
    return values


def _last(values: dict[bytes, list[str]], name: bytes) -> str:
    """The right end of a list: what the nearest proxy wrote."""
    return values.get(name, [""])[-1].rpartition(",")[2].strip()


@lru_cache(maxsize=1024)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """`text` as an address: `192.0.2.1`, `192.0.2.1:8000`, `2001:db8::1`, `[2001:db8::1]:8000`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _plain(text: str) -> str:
    return str(_address(text) or text)
