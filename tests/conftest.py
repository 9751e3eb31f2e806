"""For all tests: properties are tried the same way every time, unless TERTULIA_PROVE=1 asks for new ways."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies import models
from hypothesis import settings

from support.proving import PROVING, tell
from support.template import dropping

settings.register_profile("tertulia", derandomize=not PROVING, deadline=None)
settings.load_profile("tertulia")

_REMEMBERED = [each for each in vars(models).values() if hasattr(each, "cache_clear")]


@pytest.fixture(autouse=True)
def _tell_what_was_tried() -> Iterator[None]:
    yield
    tell()


@pytest.fixture(autouse=True, scope="module")
def _forget_servers() -> Iterator[None]:
    """FastAPI remembers the endpoints of the last thousands, and with them every server of the tests before."""
    yield
    for each in _REMEMBERED:
        each.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def _drop_databases_of_module() -> Iterator[None]:
    with dropping():
        yield


@pytest.fixture(autouse=True)
def _drop_databases() -> Iterator[None]:
    with dropping():
        yield
