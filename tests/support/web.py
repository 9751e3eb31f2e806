"""The whole of HTTP in the test's own process, with a clock that stands still."""

from typing import Any, cast

import httpx

from support.clock import FakeClock
from tertulia.http.api import ApiConfig, build_http
from tertulia.http.operations import Readiness
from tertulia.metrics import Metrics
from tertulia.services import Services

NO_SERVICES = cast(Services, None)
"""For tests that reach no service."""


async def answers() -> None:
    """A database that is there."""


def plain_client(address: str = "", **more: Any) -> httpx.AsyncClient:
    """For http:// alone. Every other client reads the certificates of the whole world first, for 16 ms."""
    return httpx.AsyncClient(base_url=address, verify=False, trust_env=False, **more)


def http_client(
    services: Services = NO_SERVICES,
    config: ApiConfig | None = None,
    readiness: Readiness | None = None,
    peer: str = "127.0.0.1",
) -> httpx.AsyncClient:
    """A client at `peer` of a server at http://127.0.0.1:8000."""
    clock = FakeClock()
    app = build_http(services, config or ApiConfig(), Metrics(), readiness or Readiness(answers, clock), clock)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 5000)), base_url="http://127.0.0.1:8000")
