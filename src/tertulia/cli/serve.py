"""`tertulia serve`: makes all that is missing, says where things are, runs."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from tertulia import __version__, openfiles
from tertulia.cli.options import chat_command, pasteable
from tertulia.datadir import DataDir, open_data_dir
from tertulia.refusal import Refusal
from tertulia.settings import Loaded, Settings
from tertulia.storage import schema

BACKLOG = 2_048
"""Connections that may wait until they are accepted."""

Start = Callable[[Settings, list[socket.socket]], None]
"""Runs the application on listening sockets until it is told to end."""


def serve(loaded: Loaded, *, migrate: bool = True, start: Start | None = None) -> None:
    """Run until a signal says stop. `start` runs the application; tests give another one."""
    directory = open_data_dir(loaded.settings.data_dir)
    with directory.lock() as lock, _listening(loaded) as listeners:
        ready = _prepare(loaded, directory, migrate=migrate)
        lock.announce(url_of(listeners[0]), ready.settings.public_url)
        start = start or _application()
        typer.echo("\n".join(_report(ready, directory, listeners)))
        start(ready.settings, listeners)


def _application() -> Start:
    from tertulia.app import serve

    return serve


def _prepare(loaded: Loaded, directory: DataDir, *, migrate: bool) -> Loaded:
    """The settings with the key and the number of sockets filled in; the database fits afterwards."""
    url = loaded.settings.database_url
    if migrate:
        schema.migrate(url)
    else:
        schema.require_current(url, pasteable(loaded, "migrate"))
    if not loaded.settings.secret_key:
        loaded = loaded.changed("data directory", secret_key=directory.secret_key())
    return _with_room_for_sockets(loaded)


def _with_room_for_sockets(loaded: Loaded) -> Loaded:
    carried = openfiles.sockets_within(openfiles.raise_limit())
    wanted = loaded.settings.max_connections
    if wanted > carried:
        typer.echo(
            f"TERTULIA_MAX_CONNECTIONS asks for more sockets than the limit of open files carries ({carried}): "
            f"raise it with `ulimit -Hn {wanted + openfiles.RESERVED}` before the start.",
            err=True,
        )
    return (
        loaded if 0 < wanted <= carried else loaded.changed(loaded.origins["max_connections"], max_connections=carried)
    )


@contextmanager
def _listening(loaded: Loaded) -> Iterator[list[socket.socket]]:
    listeners = listen(loaded)
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


def listen(loaded: Loaded) -> list[socket.socket]:
    """Listening sockets for all addresses that the host has; connections wait in them until somebody accepts."""
    host, port = loaded.settings.host, loaded.settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise Refusal(_no_such_host(host)) from None
    listeners: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((each[0], each[4]) for each in found):
            listeners.append(_bind(family, (address[0], port, *address[2:])))
            port = listeners[0].getsockname()[1]
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise Refusal(_why_not(error, loaded)) from None
    return listeners


def _bind(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _why_not(error: OSError, loaded: Loaded) -> str:
    host, port = loaded.settings.host, loaded.settings.port
    if error.errno == errno.EADDRINUSE:
        other = pasteable(loaded, "serve", "--port", str(_free_port(host, port)))
        return f"Port {port} is taken by another program: stop that one, or run `{other}`."
    if error.errno == errno.EACCES:
        other = pasteable(loaded, "serve", "--port", "8000")
        return f"Port {port} is not for this user: run `{other}`, or put a proxy before the server."
    return _no_such_host(host)


def _no_such_host(host: str) -> str:
    return f"This machine has no address {host}: use --host 127.0.0.1, or 0.0.0.0 for all that it has."


def _free_port(host: str, taken: int) -> int:
    for port in range(taken + 1, min(taken + 100, 65_536)):
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            _bind(family, address).close()
        except OSError:
            continue
        return port
    return 0


def _report(loaded: Loaded, directory: DataDir, listeners: list[socket.socket]) -> list[str]:
    """What people want to know now; every command stands at the end of its line, to be pasted."""
    address, url = url_of(listeners[0]), loaded.settings.database_url
    return [
        f"Tertulia {__version__} on {address}",
        f"  to talk        open {address}/app/ in a browser",
        f"  data           {directory.path}{' (new)' if directory.is_new else ''}",
        *([] if schema.is_file(url) else [f"  database       {schema.named(url)}"]),
        f"  documents      {address}/api/docs",
        *_dialects(loaded.settings, address),
        f"  sockets        up to {loaded.settings.max_connections:,}",
        "Next, in another terminal:",
        f"  or talk here   {chat_command(address)}",
        f"  try it full    {pasteable(loaded, 'demo')}",
        f"  make an admin  {pasteable(loaded, 'createsuperuser')}",
        "Ctrl-C stops it.",
    ]


def _dialects(settings: Settings, address: str) -> Iterator[str]:
    """What each dialect opens."""
    if not (settings.dialects or settings.root_dialect or settings.dialect_host):
        return  # else all of them would be loaded for nothing
    from tertulia.dialects.places import places

    for name, roots in places(settings.dialects, settings.root_dialect, settings.dialect_host, address):
        yield f"  {name:<14} {' '.join(roots)} (sockets: ws/chat/ROOM/ below it)"


def url_of(listener: socket.socket) -> str:
    """Where a program on this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
