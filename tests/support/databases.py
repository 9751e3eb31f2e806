"""The database on which a test runs: tests that use `tmp_path` run on SQLite and on PostgreSQL.

A folder's conftest takes `dbms` and `pytest_generate_tests` from here. What is about SQLite's file itself is marked
with `ON_SQLITE`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.template import BACKENDS, Backend, database_url, make_database

ON_SQLITE = pytest.mark.parametrize("dbms", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("dbms", ["postgresql"], indirect=True)

OWN_WAY = {"test_backup", "test_inspection"}
"""Modules about SQLite's file, or that choose the database themselves."""

_now: list[Backend] = ["sqlite"]


def current() -> Backend:
    return _now[0]


def url_in(folder: Path, name: str = "tertulia") -> str:
    """Where this test has, or would have, the database of a folder."""
    return database_url(current(), folder, name)


def new_url(folder: Path, name: str = "tertulia") -> str:
    """The address of a database with all tables; of the one that is there, if it is."""
    url = url_in(folder, name)
    make_database(url)
    return url


@pytest.fixture(autouse=True)
def dbms(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Which one it is."""
    _now[0] = getattr(request, "param", "sqlite")
    yield current()
    _now[0] = "sqlite"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in OWN_WAY:
        return
    told = [str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize")]
    if "tmp_path" in metafunc.fixturenames and not any("dbms" in names for names in told):
        metafunc.parametrize("dbms", BACKENDS, indirect=True)
