"""What a check is given, and what it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tertulia.clock import Clock
from tertulia.datadir import Serving
from tertulia.settings import Loaded, Settings
from tertulia.storage.schema import database_file, is_file

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is the case, and `advice` what to do about it; both whole sentences, and neither holds a secret."""

    level: Level
    what: str
    advice: str = ""


def ok(what: str, advice: str = "") -> Finding:
    return Finding("ok", what, advice)


def warning(what: str, advice: str) -> Finding:
    """It works, and may not tomorrow, or not for everybody."""
    return Finding("warning", what, advice)


def problem(what: str, advice: str) -> Finding:
    """It does not work, or it is open to strangers."""
    return Finding("problem", what, advice)


def sentences(text: str) -> tuple[str, str]:
    """What is the case, and what helps: a refusal has both."""
    what, _, advice = text.partition(": ")
    return f"{what}.", advice[:1].upper() + advice[1:]


@dataclass(frozen=True, slots=True)
class Case:
    """What is looked at. `server`: the one that runs on the data directory.

    `began`: wall time (microseconds) and monotonic time (seconds) when the doctor came.
    """

    loaded: Loaded
    clock: Clock
    server: Serving | None
    began: tuple[int, float]

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def process(self) -> str:
        """That of the server; "" if none runs, or it is not known."""
        return self.server.process if self.server else ""

    @property
    def folder(self) -> Path:
        return self.settings.data_dir

    @property
    def database(self) -> Path:
        """The file, on SQLite."""
        return database_file(self.settings.database_url)

    @property
    def has_file(self) -> bool:
        """The database is a file, not a server."""
        return is_file(self.settings.database_url)


Check = Callable[[Case], Finding | None]
"""None: there is nothing to say."""

Checks = Sequence[tuple[str, Check]]
"""Each with the name under which its finding is shown."""


def on_file(checks: Checks) -> Checks:
    """For SQLite only."""
    return tuple((name, lambda case, check=check: check(case) if case.has_file else None) for name, check in checks)


def on_server(checks: Checks) -> Checks:
    """For PostgreSQL only."""
    return tuple((name, lambda case, check=check: None if case.has_file else check(case)) for name, check in checks)


def text_of(case: Case, name: str) -> str:
    """A setting that this version may not have, as text; "" for none."""
    value = getattr(case.settings, name, "")
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value or "")
