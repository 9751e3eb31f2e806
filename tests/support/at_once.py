"""Two transactions at the same time on PostgreSQL."""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from tertulia.domain.errors import Rejection
from tertulia.storage.database import open_engine

Work = Callable[[Connection], Any]

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def at_once(url: str, first: Work, second: Work) -> list[Any]:
    """What they return, or why they were refused. `first` commits when `second` waits for it, or has ended."""
    engine = open_engine(url, write=True)
    results: list[Any] = [None, None]

    def run() -> None:
        with engine.begin() as connection:
            results[1] = _answer(second, connection)

    other = threading.Thread(target=run)
    try:
        with engine.connect() as looking, engine.connect() as connection, connection.begin():
            results[0] = _answer(first, connection)
            other.start()
            while other.is_alive() and not looking.scalar(WAITING):
                looking.rollback()
        other.join()
    finally:
        engine.dispose()
    return results


def _answer(work: Work, connection: Connection) -> Any:
    try:
        return work(connection)
    except Rejection as rejection:
        return rejection.code
