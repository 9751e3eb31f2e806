"""Databases for tests: migrated once in a process, then copied, which is forty times as fast.

On PostgreSQL a test's folder names its databases: the same folder and name is the same database.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from support import postgres
from support.shapes import upgrade
from tertulia.storage import schema
from tertulia.storage.database import sqlite_url

Backend = Literal["sqlite", "postgresql"]
BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")

_made: set[str] = set()
"""Names of databases on the server."""


def database_url(backend: Backend, folder: Path, name: str = "tertulia") -> str:
    """Where `folder` has, or would have, a database of this name."""
    if backend == "sqlite":
        return sqlite_url(folder / f"{name}.db")
    server = postgres.server()
    place = hashlib.blake2s(str(folder / name).encode(), digest_size=8).hexdigest()
    return server.url(f"{server.prefix}_{place}")


def make_database(url: str, version: str = schema.HEAD) -> None:
    """A database with the schema of `version`; the one that is there, if it is."""
    if not schema.is_file(url):
        _make_on_server(url, _migrated_on_server(version))
    elif not (file := schema.database_file(url)).exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated_file(version))


def make_empty(url: str) -> None:
    """Nothing in SQLite, which makes its file itself; a database without tables on a server."""
    if not schema.is_file(url):
        _make_on_server(url, None)


def _make_on_server(url: str, template: str | None) -> None:
    server, name = postgres.server(), make_url(url).database or ""
    if name not in _made and not server.has(name):
        server.create(name, template)
        _made.add(name)


@contextmanager
def dropping() -> Iterator[None]:
    """What is made on the server within is dropped at the end, whoever is still connected with it."""
    before = set(_made)
    try:
        yield
    finally:
        for name in _made - before:
            postgres.server().drop(name)
            _made.discard(name)


@cache
def _migrated_file(version: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tertulia-test-") as folder:
        url = sqlite_url(Path(folder) / "tertulia.db")
        upgrade(url, version)
        return schema.database_file(url).read_bytes()


@cache
def _migrated_on_server(version: str) -> str:
    server = postgres.server()
    name = f"{server.prefix}_template_{version}"
    server.create(name)
    upgrade(server.url(name), version)
    return name
