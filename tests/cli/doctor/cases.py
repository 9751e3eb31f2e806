"""A case for one check."""

from pathlib import Path
from typing import Any

from tertulia.cli.doctor.finding import Case, Finding
from tertulia.clock import Clock, SystemClock
from tertulia.datadir import Serving
from tertulia.settings import Loaded, Settings


class Loose(Settings):
    """Takes for these what the real settings refuse, or do not know."""

    registration: str = "open"  # type: ignore[assignment]
    smtp_url: str = ""
    public_url: str = ""
    jwt_secret: str = ""
    jwks_url: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""


def case(
    folder: Path,
    *,
    server: Serving | None = None,
    clock: Clock | None = None,
    kind: type[Settings] = Settings,
    **settings: Any,
) -> Case:
    """The data directory is `folder`/data; nothing is made. `settings` count as set in the environment."""
    clock = clock or SystemClock()
    chosen = kind(**{"data_dir": folder / "data", **settings})
    loaded = Loaded(chosen, {name: "environment" if name in settings else "default" for name in kind.model_fields})
    return Case(loaded, clock, server, (clock.now(), clock.monotonic()))


def said(finding: Finding | None) -> Finding:
    assert finding is not None
    return finding
