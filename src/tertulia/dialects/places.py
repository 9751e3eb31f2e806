"""Which dialects are served where, as settings say it."""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from tertulia.dialects import DIALECTS
from tertulia.dialects.mounts import PREFIX, Where


def where_of(named: Iterable[str], root: str, hosts: Sequence[str]) -> Where:
    """`named`: under their prefixes; `root`: at the root, or ""; `hosts`: `NAME=HOST`. One that has the root or a host
    name is served under its prefix, too.
    """
    by_host = {host: name for name, _, host in (each.partition("=") for each in hosts)}
    served = {*named, *by_host.values(), root}
    return Where({name: dialect for name, dialect in DIALECTS.items() if name in served}, root, by_host)


def places(named: Iterable[str], root: str, hosts: Sequence[str], address: str) -> Iterator[tuple[str, list[str]]]:
    """For each dialect that is served its name, and the addresses of its roots. `address`: of the server."""
    where = where_of(named, root, hosts)
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    for name in where.dialects:
        roots = [f"{address}{PREFIX}/{name}/"]
        roots += [f"{address}/"] if name == root else []
        roots += [f"{parts.scheme}://{host}{port}/" for host, of in where.hosts.items() if of == name]
        yield name, roots
