"""Liveness, readiness, metrics: who may see what, and when."""

import asyncio

import pytest
from structlog.testing import capture_logs

from support.bad_input import SECRET, assert_problem
from support.clock import FakeClock
from support.web import http_client
from tertulia.domain.errors import Rejection
from tertulia.http.api import ApiConfig
from tertulia.http.operations import Readiness

TOKEN = "metrics-token-ä"


class Store:
    """A database that can be switched off."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def probe(self) -> None:
        self.asked += 1
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        if self.away:
            raise OSError(SECRET)


async def test_healthz_answers_whatever_the_database_does() -> None:
    store = Store()
    store.away = True
    async with http_client(readiness=Readiness(store.probe, FakeClock())) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.head("/healthz")).status_code == 200
    assert store.asked == 0


async def test_readyz_follows_the_database() -> None:
    store, clock = Store(), FakeClock()
    async with http_client(readiness=Readiness(store.probe, clock)) as http:
        assert (await http.get("/readyz")).json() == {"status": "ready"}
        store.away = True
        clock.advance(1)
        with capture_logs() as lines:
            response = await http.get("/readyz")
        problem = assert_problem(response, 503, "unavailable")
        assert response.headers["retry-after"] == str(problem["retry_after"]).removesuffix(".0")
        assert lines[0]["event"] == "readiness.database_away"
        store.away = False
        clock.advance(1)
        assert (await http.get("/readyz")).status_code == 200


async def test_a_crowd_of_probes_is_one_read() -> None:
    store = Store()
    readiness = Readiness(store.probe, FakeClock())
    await asyncio.gather(*[readiness.check() for _ in range(100)])
    assert store.asked == 1


async def test_a_database_that_hangs_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.http.operations.PROBE_SECONDS", 0.01)
    with capture_logs(), pytest.raises(Rejection):
        await Readiness(asyncio.Event().wait, FakeClock()).check()


async def test_draining_is_not_ready_but_alive() -> None:
    readiness = Readiness(Store().probe, FakeClock())
    async with http_client(readiness=readiness) as http:
        readiness.set_draining()
        assert_problem(await http.get("/readyz"), 503, "unavailable")
        assert (await http.get("/healthz")).status_code == 200


class TestMetrics:
    async def test_from_this_machine(self) -> None:
        async with http_client() as http:
            response = await http.get("/metrics")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/plain")
        assert "tertulia_connections 0.0" in response.text

    @pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", ""])
    async def test_from_elsewhere_there_is_nothing(self, peer: str) -> None:
        async with http_client(peer=peer) as http:
            hidden, nothing = await http.get("/metrics"), await http.get("/nothing")
        assert_problem(hidden, 404, "not_found")
        assert hidden.json() == nothing.json()

    async def test_from_elsewhere_with_the_token(self) -> None:
        async with http_client(config=ApiConfig(metrics_token=TOKEN), peer="192.0.2.7") as http:
            given = {b"authorization": f"Bearer {TOKEN}".encode()}
            assert (await http.get("/metrics", headers=given)).status_code == 200
            for wrong in ("Bearer", "Bearer ", TOKEN, f"Bearer {TOKEN}x", f"bearer {TOKEN[:-1]}", "Bearer None"):
                response = await http.get("/metrics", headers={b"authorization": wrong.encode()})
                assert_problem(response, 404, "not_found")

    async def test_no_token_set_means_none_is_good(self) -> None:
        for token in (None, ""):
            async with http_client(config=ApiConfig(metrics_token=token), peer="192.0.2.7") as http:
                for given in ("Bearer ", "Bearer None", ""):
                    response = await http.get("/metrics", headers={"authorization": given})
                    assert_problem(response, 404, "not_found")

    async def test_behind_a_trusted_proxy_the_visitor_counts(self) -> None:
        async with http_client(config=ApiConfig(trusted_proxies=("127.0.0.1",))) as http:
            outside = await http.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"})
            assert_problem(outside, 404, "not_found")
            assert (await http.get("/metrics")).status_code == 200

    async def test_behind_an_unknown_proxy_on_this_machine(self) -> None:
        async with http_client() as http:
            assert_problem(await http.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"}), 404, "not_found")

    async def test_a_page_that_points_its_name_here(self) -> None:
        async with http_client() as http:
            assert_problem(await http.get("/metrics", headers={"host": "evil.org:8000"}), 404, "not_found")


def test_the_token_is_not_shown_by_the_config() -> None:
    assert TOKEN not in repr(ApiConfig(metrics_token=TOKEN))
