"""Databases for tests: migrated once in a process, then copied, which is forty times as fast."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tertulia.storage import schema
from tertulia.storage.database import sqlite_url


@cache
def _migrated() -> bytes:
    with TemporaryDirectory(prefix="tertulia-test-") as folder:
        url = sqlite_url(Path(folder) / "tertulia.db")
        schema.migrate(url)
        return schema.database_file(url).read_bytes()


def make_database(url: str) -> None:
    """A migrated database; the one that is there, if it is."""
    file = schema.database_file(url)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated())
