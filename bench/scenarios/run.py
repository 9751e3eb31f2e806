"""What every scenario is given."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine import Tools


@dataclass(frozen=True)
class Run:
    """`rounds`: how often a comparison is made, `seconds` long each; `share`: of the connections, 1.0 are all.

    `database_url`: a PostgreSQL server on which databases may be made; None: one is started.
    """

    tools: Tools
    rounds: int = 3
    seconds: int = 3
    share: float = 1.0
    database_url: str | None = None

    def count(self, wanted: int) -> int:
        """So many connections, or the share of them that is asked for."""
        return max(100, int(wanted * self.share))

    @contextmanager
    def directory(self) -> Iterator[Path]:
        """A fresh place for a server's data, gone after the block."""
        with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as path:
            yield Path(path)
