"""Which pages elsewhere may call API v1."""

from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs

from support.asgi import echo_app
from support.bad_input import assert_problem
from support.clock import FakeClock
from tertulia.http.api import ApiConfig, wrap
from tertulia.http.throttle import Throttle
from tertulia.metrics import Metrics

APP = "https://app.example.org"
PATH = "/api/v1/things"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = wrap(echo_app, ApiConfig(allowed_origins=(APP,)), Metrics(), FakeClock(), Throttle(FakeClock()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://chat.example.org") as client:
        yield client


def preflight(origin: str) -> dict[str, str]:
    return {"origin": origin, "access-control-request-method": "PUT", "access-control-request-headers": "authorization"}


async def test_a_preflight(http: httpx.AsyncClient) -> None:
    response = await http.options(PATH, headers=preflight(APP))
    assert (response.status_code, response.content) == (204, b"")
    headers = response.headers
    assert headers["access-control-allow-origin"] == APP
    assert "PUT" in headers["access-control-allow-methods"]
    assert "Authorization" in headers["access-control-allow-headers"]
    assert "Content-Type" in headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in headers
    assert "Origin" in headers["vary"]
    assert headers["x-request-id"]


async def test_a_refused_preflight_is_a_problem_and_logged(http: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        response = await http.options(PATH, headers=preflight("https://evil.org"))
    assert_problem(response, 403, "origin_refused")
    assert "access-control-allow-origin" not in response.headers
    assert (lines[0]["event"], lines[0]["origin"]) == ("origin.refused", "https://evil.org")
    assert lines[0]["setting"] == "TERTULIA_ALLOWED_ORIGINS"


@pytest.mark.parametrize("origin", [APP, "http://chat.example.org"])
async def test_an_allowed_page_reads_the_answer(http: httpx.AsyncClient, origin: str) -> None:
    response = await http.get(PATH, headers={"origin": origin})
    assert response.headers["access-control-allow-origin"] == origin
    assert "Retry-After" in response.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in response.headers
    assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.org", "null", "http://localhost:5173"])
async def test_another_page_does_not(http: httpx.AsyncClient, origin: str) -> None:
    response = await http.get(PATH, headers={"origin": origin})
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["vary"] == "Origin"


async def test_programs_send_no_origin(http: httpx.AsyncClient) -> None:
    response = await http.get(PATH)
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


async def test_options_that_is_no_preflight_goes_on(http: httpx.AsyncClient) -> None:
    assert (await http.options(PATH)).status_code == 200


async def test_outside_of_the_api_there_is_no_cors(http: httpx.AsyncClient) -> None:
    response = await http.get("/metrics", headers={"origin": APP})
    assert "access-control-allow-origin" not in response.headers
    assert "vary" not in response.headers
