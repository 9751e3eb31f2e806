"""Which web pages may use this server from a browser, and under which names it answers.

Shared by CORS of API v1 and the socket's admission. Programs other than browsers send no `Origin`.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

import structlog

from tertulia.protocol.forwarded import valid_host

log = structlog.get_logger(__name__)

ORIGINS_SETTING = "TERTULIA_ALLOWED_ORIGINS"
HOSTS_SETTING = "TERTULIA_ALLOWED_HOSTS"
LOOPBACK_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*")
LOOPBACK_HOSTS = ("localhost", "*.localhost", "127.0.0.1", "[::1]")
_REMEMBERED = 1_000
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Origins:
    """The rule of `TERTULIA_ALLOWED_ORIGINS`.

    `allowed`: origins as browsers write them (`https://chat.example.org`), with `:*` for any port, or `*` for all.
    Empty: on `loopback` every origin of this machine. The server's own origin is always allowed.
    """

    def __init__(self, allowed: Iterable[str] = (), *, loopback: bool = False) -> None:
        wanted = [_normal(origin) for origin in allowed] or list(LOOPBACK_ORIGINS if loopback else ())
        self._all = "*" in wanted
        self._any_port = frozenset(origin.removesuffix(":*") for origin in wanted if origin.endswith(":*"))
        self._exact = frozenset(origin for origin in wanted if "*" not in origin)
        self._told: set[str] = set()

    def allows(self, origin: str | None, host: str, scheme: str) -> bool:
        """`host` and `scheme` are those of the request, as its `Visitor` has them."""
        if origin is None or self._all:
            return True
        origin = _normal(origin)
        return origin == _normal(f"{scheme}://{host}") or origin in self._exact or _portless(origin) in self._any_port

    def tell(self, origin: str) -> None:
        """Log a refusal, once for each origin."""
        if origin in self._told:
            return
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told.add(origin)
        log.warning("origin.refused", origin=origin[:200], setting=ORIGINS_SETTING)


class Hosts:
    """The rule of `TERTULIA_ALLOWED_HOSTS`.

    `allowed`: names without port (`chat.example.org`), `*.example.org` for all below one, or `*`. Empty: all names,
    but on `loopback` only this machine's own, since a web page elsewhere can point a name of its own at 127.0.0.1
    and read the answers (DNS rebinding). `more`: names beside these.
    """

    def __init__(self, allowed: Iterable[str] = (), more: Iterable[str] = (), *, loopback: bool = False) -> None:
        wanted = [host.strip().lower() for host in allowed] or list(LOOPBACK_HOSTS if loopback else ("*",))
        wanted += [host.strip().lower() for host in more]
        self._all = "*" in wanted
        self._exact = frozenset(host for host in wanted if "*" not in host)
        self._suffixes = tuple(host[1:] for host in wanted if host.startswith("*."))

    def allows(self, host: str) -> bool:
        if host and not valid_host(host):
            return False
        name = _portless(host.lower())
        return self._all or name in self._exact or (bool(self._suffixes) and name.endswith(self._suffixes))


class Sites:
    """The rule for sockets of those who ask only whose host an origin has, whatever its scheme and its port.

    Allowed are the server's own host, this machine's names, `hosts` (as for `Hosts`, but none of them means no more),
    and `origins` (as for `Origins`).
    """

    def __init__(self, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._hosts = Hosts((*LOOPBACK_HOSTS, *hosts))
        self._origins = Origins(origins)

    def allows(self, origin: str | None, host: str, scheme: str) -> bool:
        """`host` and `scheme` are those of the request, as its `Visitor` has them."""
        if self._origins.allows(origin, host, scheme):
            return True
        site = (origin or "").strip().lower().partition("://")[2]
        is_own = site != "" and _portless(site) == _portless(host.lower())
        return is_own or self._hosts.allows(site)

    def tell(self, origin: str) -> None:
        """Log a refusal, once for each origin."""
        self._origins.tell(origin)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`, a name or an address without port."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _portless(text: str) -> str:
    return re.sub(r":[0-9]+$", "", text)


def _normal(origin: str) -> str:
    origin = origin.strip().lower().removesuffix("/")
    scheme = origin.partition("://")[0]
    return origin.removesuffix(_DEFAULT_PORTS.get(scheme, "\n"))
