"""For all tests: properties are tried the same way every time, unless TERTULIA_PROVE=1 asks for new ways."""

import gc
from collections.abc import Iterator

import pytest
import structlog
from fastapi.dependencies import models
from hypothesis import settings

from support.proving import PROVING, tell
from support.template import dropping

_PLAIN = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
"""Without the variables of each frame, as in production; where a trace is deep, drawing them takes seconds."""
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _PLAIN])
settings.register_profile("tertulia", derandomize=not PROVING, deadline=None)
settings.load_profile("tertulia")


def pytest_collection_finish() -> None:
    """What was imported by now lives to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


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
