"""What no client may bring about, whatever it sends: an error in the log, or an exception that nobody caught."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs

LEVELS = ("error", "critical", "exception")


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


class Faults:
    """What was logged so far by the product, by libraries, and by the loop."""

    def __init__(self, logged: list[Any], records: _Records) -> None:
        self._logged = logged
        self._records = records
        self._raised: list[str] = []

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_exception_handler(lambda _loop, context: self._raised.append(str(context)))

    def check(self) -> None:
        """Raises `AssertionError` if there is any; then all is forgotten."""
        found = [str(entry) for entry in self._logged if entry["log_level"] in LEVELS]
        found += self._records.lines + self._raised
        for seen in (self._logged, self._records.lines, self._raised):
            seen.clear()
        assert not found, "\n".join(found)


@contextmanager
def faults() -> Iterator[Faults]:
    records = _Records()
    logging.getLogger().addHandler(records)
    try:
        with capture_logs() as logged:
            yield Faults(logged, records)
    finally:
        logging.getLogger().removeHandler(records)
