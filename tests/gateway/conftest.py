"""Everything at the gateway runs on the loop that it has in production."""

from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from support.sockets import Kind


def pytest_asyncio_loop_factories(config: Any, item: Any) -> dict[str, Callable[[], Any]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=["picows", "asgi"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The transport under test: each of these tests runs on both."""
    kind: Kind = request.param
    return kind
