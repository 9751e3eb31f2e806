"""What a PostgreSQL server says of itself; nothing in it is changed."""

from dataclasses import dataclass

from sqlalchemy import Row, text

from tertulia.storage.engines import READERS
from tertulia.storage.engines.postgresql import LANES, OTHERS
from tertulia.storage.schema import State, opened, state_in

CONNECTIONS = LANES + OTHERS + READERS
"""That one server of ours opens."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`now`: its clock, in microseconds. `connections`: free ones, of all that users may have.

    `asked_standbys`: a commit waits for a standby. `unsafe`: settings by which acknowledged means stored no more.
    """

    state: State
    version: str
    now: int
    connections: tuple[int, int]
    is_standby: bool
    standbys: int
    asked_standbys: bool
    unsafe: tuple[str, ...]


_SETTINGS = """
SELECT current_setting('server_version') AS version,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int AS connections,
    (SELECT sum(numbackends) FROM pg_stat_database)::int AS used,
    pg_is_in_recovery() AS is_standby,
    (SELECT count(*) FROM pg_stat_replication) AS standbys,
    current_setting('synchronous_standby_names') <> '' AS asked_standbys,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit
"""


def facts(url: str) -> Facts:
    """Raises `SchemaError` if it cannot be asked. `synchronous_commit` is that of our own connections."""
    with opened(url, write=True) as engine, engine.connect() as connection:
        said = connection.execute(text(_SETTINGS)).one()
        return Facts(
            state_in(connection),
            said.version.split()[0],
            said.now,
            (said.connections - said.used + 1, said.connections),  # ours is gone in a moment
            said.is_standby,
            said.standbys,
            said.asked_standbys,
            _unsafe(said),
        )


def _unsafe(said: Row[tuple[object, ...]]) -> tuple[str, ...]:
    wanted = ("fsync", "full_page_writes", "synchronous_commit")
    return tuple(name for name in wanted if getattr(said, name) in {"off", "local"})


def identity(url: str) -> tuple[str, str]:
    """The cluster and the database in it, by whatever name it is reached. Raises `SchemaError`."""
    with opened(url, write=False) as engine, engine.connect() as connection:
        system, database = connection.execute(
            text("SELECT system_identifier, current_database() FROM pg_control_system()")
        ).one()
        return str(system), database


def others(url: str) -> int:
    """Connections of servers of ours that are open to the database, as far as this user may see."""
    with opened(url, write=False) as engine, engine.connect() as connection:
        return int(
            connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND application_name = 'tertulia' AND pid <> pg_backend_pid()"
                )
            )
            or 0
        )
