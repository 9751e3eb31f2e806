"""Everything here runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from support.databases import dbms, new_url, pytest_generate_tests
from tertulia.storage.database import open_engine

__all__ = ["dbms", "pytest_generate_tests"]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A transaction of a writer's, on a database with all tables."""
    engine = open_engine(new_url(tmp_path), write=True)
    with engine.begin() as opened:
        yield opened
    engine.dispose()
