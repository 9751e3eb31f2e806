"""What commands work on."""

from pathlib import Path

import pytest

from tertulia.datadir import open_data_dir
from tertulia.storage import schema
from tertulia.storage.database import sqlite_url


@pytest.fixture
def database(tmp_path: Path) -> None:
    """A data directory in which a server was started before."""
    schema.migrate(sqlite_url(open_data_dir(tmp_path / "data").path / "tertulia.db"))
