"""Which addresses belong to the own network: what only this server should reach, nobody through it (SSRF).

The lists are written out: what the standard library calls private differs between versions of Python.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_OWN_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT; a cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's metadata at a public address
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")  # all else is loopback, link-local, unique local, multicast or unassigned
_OWN_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "3fff::/20",
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = (IPv6Network("64:ff9b::/96"),)
_6TO4 = IPv6Network("2002::/16")


def is_own(address: Address) -> bool:
    """Loopback, private, link-local, multicast and the like, also when an IPv6 address only wraps one."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _OWN_V4)
    inner = _inner(address)
    if inner is not None:
        return is_own(inner)
    return address.scope_id is not None or address not in _PUBLIC_V6 or any(address in network for network in _OWN_V6)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address where packets to this one end up."""
    if address in _MAPPED or any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    return None


class Allowed:
    """Networks that may be reached although they are the own ones. Raises ValueError for what is no network."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: list[Network] = [ip_network(network, strict=False) for network in networks]

    def names(self, address: Address) -> bool:
        """It is in a network that was allowed by name."""
        plain = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any(candidate in network for network in self._networks for candidate in (address, plain) if candidate)

    def may_reach(self, text: str) -> bool:
        """The address is allowed, or out in the world; False for what is no address."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return self.names(address) or not is_own(address)
