"""What stands around the API, each part alone and all of it together."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from support.asgi import ask, echo_app, http_scope
from support.bad_input import SECRET, assert_problem
from support.clock import FakeClock
from support.web import NO_SERVICES
from tertulia.domain.errors import Rejection
from tertulia.http.api import ApiConfig, build_api, wrap
from tertulia.http.middleware import BodyLimit, Exchanges, Failures, SecurityHeaders
from tertulia.http.throttle import Throttle
from tertulia.metrics import Metrics
from tertulia.protocol.forwarded import Forwarded


class Counting(Throttle):
    """A throttle that counts, and refuses from `limit` on."""

    def __init__(self, limit: int = 1_000) -> None:
        super().__init__(FakeClock())
        self.calls: list[tuple[str, str]] = []
        self.limit = limit

    def check(self, address: str, kind: str) -> None:
        self.calls.append((address, kind))
        if len(self.calls) > self.limit:
            raise Rejection("rate_limited", "Too many calls.", retry_after=30)


def routes() -> FastAPI:
    api = build_api(NO_SERVICES)

    @api.get("/api/v1/seen")
    async def seen() -> dict[str, object]:
        return get_contextvars()

    @api.get("/page")
    async def page() -> str:
        return "page"

    @api.post("/api/v1/things")
    @api.post("/api/v1/auth/register")
    @api.post("/api/v1/auth/login")
    async def post(body: dict[str, str]) -> int:
        return len(body)

    @api.get("/bug")
    async def bug(word: str = "") -> None:
        raise RuntimeError("a bug")

    @api.get("/healthz")
    async def healthz() -> str:
        return "ok"

    return api


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def throttle() -> Counting:
    return Counting()


def client(
    metrics: Metrics, throttle: Counting, config: ApiConfig | None = None, peer: str = "192.0.2.7"
) -> httpx.AsyncClient:
    app = wrap(routes(), config or ApiConfig(), metrics, FakeClock(), throttle)
    transport = httpx.ASGITransport(app, client=(peer, 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://chat.example.org")


@pytest.fixture
async def http(metrics: Metrics, throttle: Counting) -> AsyncIterator[httpx.AsyncClient]:
    async with client(metrics, throttle) as opened:
        yield opened


class TestRequestIds:
    async def test_one_is_made(self, http: httpx.AsyncClient) -> None:
        first = (await http.get("/page")).headers["x-request-id"]
        second = (await http.get("/page")).headers["x-request-id"]
        assert len(first) == len(second) == 16
        assert first != second

    async def test_a_sane_one_is_kept_and_bound_to_the_log(self, http: httpx.AsyncClient) -> None:
        response = await http.get("/api/v1/seen", headers={"x-request-id": "trace-1.2:3_4"})
        assert response.headers["x-request-id"] == "trace-1.2:3_4"
        assert response.json() == {"request_id": "trace-1.2:3_4"}
        assert get_contextvars() == {}

    @pytest.mark.parametrize("given", ["", "a b", "a\x1b[31m", "x" * 65, "{}", "é"])
    async def test_an_odd_one_is_not(self, http: httpx.AsyncClient, given: str) -> None:
        response = await http.get("/page", headers={b"x-request-id": given.encode("latin-1")})
        assert len(response.headers["x-request-id"]) == 16

    async def test_errors_have_one_too(self, http: httpx.AsyncClient) -> None:
        for path in ("/nothing", "/bug"):
            assert (await http.get(path)).headers["x-request-id"]


class TestLines:
    async def test_a_line_says_what_and_who_but_not_the_query(self, http: httpx.AsyncClient) -> None:
        with capture_logs() as lines:
            await http.get(f"/page?token={SECRET}")
        assert lines == [
            {
                "event": "http.request",
                "log_level": "info",
                "method": "GET",
                "path": "/page",
                "status": 200,
                "milliseconds": 0.0,
                "address": "192.0.2.7",
            }
        ]

    async def test_a_refusal_names_its_code(self, http: httpx.AsyncClient, metrics: Metrics) -> None:
        with capture_logs() as lines:
            await http.get("/nothing")
        assert (lines[0]["status"], lines[0]["code"]) == (404, "not_found")
        assert metrics.registry.get_sample_value("tertulia_errors_total", {"code": "not_found"}) == 1
        assert metrics.registry.get_sample_value("tertulia_http_requests_total", {"status": "404"}) == 1

    async def test_a_path_cannot_start_a_line_of_its_own(self, http: httpx.AsyncClient) -> None:
        with capture_logs() as lines:
            await http.get("/a%0aERROR%1b[31m" + "x" * 1000)
        path = lines[0]["path"]
        assert path.isprintable()
        assert len(path) == 256

    async def test_a_path_without_its_raw_form(self, metrics: Metrics) -> None:
        scope = http_scope("/ä\n", raw_path=None)
        with capture_logs() as lines:
            await ask(Exchanges(echo_app, Forwarded(), metrics, FakeClock()), scope)
        assert lines[0]["path"] == "/%C3%A4%0A"

    async def test_probes_are_quiet(self, http: httpx.AsyncClient) -> None:
        with capture_logs() as lines:
            await http.get("/healthz")
        assert [line["log_level"] for line in lines] == ["debug"]

    async def test_a_bug_is_logged_once_and_not_shown(self, http: httpx.AsyncClient) -> None:
        with capture_logs() as lines:
            assert_problem(await http.get(f"/bug?word={SECRET}"), 500, "internal")
        assert [line["event"] for line in lines] == ["http.failed", "http.request"]
        assert lines[1]["code"] == "internal"
        assert SECRET not in str(lines)


class TestFailures:
    async def test_half_an_answer_is_not_followed_by_another(self) -> None:
        async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("a bug")

        with capture_logs() as lines:
            sent, _ = await ask(Failures(breaks), http_scope())
        assert [message["type"] for message in sent] == ["http.response.start"]
        assert [line["event"] for line in lines] == ["http.failed"]

    async def test_a_bug_outside_of_the_framework(self) -> None:
        async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
            raise RuntimeError(SECRET)

        with capture_logs():
            sent, _ = await ask(Failures(breaks), http_scope())
        assert sent[0]["status"] == 500
        assert SECRET.encode() not in sent[1]["body"]


class TestBodyLimit:
    async def test_a_declared_length_is_refused_unread(self) -> None:
        app = Failures(BodyLimit(echo_app, 10))
        sent, taken = await ask(app, http_scope(method="POST", headers=[("content-length", "11")]), [b"x" * 11])
        assert (sent[0]["status"], taken) == (413, 0)

    @pytest.mark.parametrize("length", ["9" * 5_000, "1" + "0" * 18])
    async def test_a_senseless_length_is_too(self, length: str) -> None:
        app = Failures(BodyLimit(echo_app, 10))
        sent, taken = await ask(app, http_scope(method="POST", headers=[("content-length", length)]))
        assert (sent[0]["status"], taken) == (413, 0)

    async def test_chunks_are_read_up_to_the_limit(self) -> None:
        sent, taken = await ask(Failures(BodyLimit(echo_app, 10)), http_scope(method="POST"), [b"xxxx"] * 1_000)
        assert (sent[0]["status"], taken) == (413, 3)

    async def test_the_limit_itself_passes(self) -> None:
        sent, _ = await ask(Failures(BodyLimit(echo_app, 10)), http_scope(method="POST"), [b"xxxxx", b"xxxxx"])
        assert sent[1]["body"] == b"x" * 10

    async def test_a_path_may_have_a_limit_of_its_own(self) -> None:
        app = Failures(BodyLimit(echo_app, 10, {re.compile("/people/[0-9]+/photo"): 20, re.compile("/tiny"): 2}))
        limits = {"/people/7/photo": 20, "/people/x/photo": 10, "/people/7/photo/": 10, "/tiny": 2, "/tiny/": 10}
        for path, limit in limits.items():
            for size, status in ((limit, 200), (limit + 1, 413)):
                declared = http_scope(path, "POST", [("content-length", str(size))])
                sent, taken = await ask(app, declared, [b"x" * size])
                assert (sent[0]["status"], taken) == (status, int(status == 200))
                sent, _ = await ask(app, http_scope(path, "POST"), [b"x"] * size)
                assert sent[0]["status"] == status

    async def test_it_comes_through_the_framework_as_a_problem(self, metrics: Metrics, throttle: Counting) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * 1_000

        async with client(metrics, throttle, ApiConfig(max_body_bytes=5_000)) as http:
            json = {"content-type": "application/json"}
            assert_problem(await http.post("/api/v1/things", content=chunks(), headers=json), 413, "too_large")
            assert_problem(await http.post("/api/v1/things", content=b" " * 5_001, headers=json), 413, "too_large")


class TestHosts:
    async def test_unknown_names_are_refused_and_logged(self, metrics: Metrics, throttle: Counting) -> None:
        async with client(metrics, throttle, ApiConfig(listens_on_loopback=True)) as http:
            with capture_logs() as lines:
                assert_problem(await http.get("/page"), 400, "host_refused")
            assert lines[0] == {
                "event": "host.refused",
                "log_level": "warning",
                "host": "chat.example.org",
                "setting": "TERTULIA_ALLOWED_HOSTS",
            }
            assert (await http.get("/page", headers={"host": "localhost:8000"})).status_code == 200

    async def test_probes_come_by_any_name(self, metrics: Metrics, throttle: Counting) -> None:
        async with client(metrics, throttle, ApiConfig(allowed_hosts=("a.org",))) as http:
            assert (await http.get("/healthz")).status_code == 200
            assert_problem(await http.get("/healthz/x"), 400, "host_refused")

    async def test_a_name_that_is_none(self, http: httpx.AsyncClient) -> None:
        assert_problem(await http.get("/page", headers={"host": "a/b"}), 400, "host_refused")


class TestThrottled:
    async def test_kinds(self, http: httpx.AsyncClient, throttle: Counting) -> None:
        await http.post("/api/v1/auth/register", json={})
        await http.post("/api/v1/auth/login", json={})
        await http.get("/api/v1/auth/login")
        await http.post("/api/v1/nothing")
        await http.get("/page")
        kinds = ["register", "login", "call", "call"]
        assert throttle.calls == [("192.0.2.7", kind) for kind in kinds]

    async def test_the_address_is_the_visitor_s(self, metrics: Metrics, throttle: Counting) -> None:
        told = {"x-forwarded-for": "6.6.6.6, 1.2.3.4"}
        async with client(metrics, throttle, ApiConfig(trusted_proxies=("192.0.2.0/24",))) as http:
            await http.get("/api/v1/seen", headers=told)
        async with client(metrics, throttle) as http:
            await http.get("/api/v1/seen", headers=told)
        assert [address for address, _ in throttle.calls] == ["1.2.3.4", "192.0.2.7"]

    async def test_a_refusal_says_when_to_come_back(self, metrics: Metrics) -> None:
        async with client(metrics, Counting(limit=1)) as http:
            assert (await http.get("/api/v1/seen")).status_code == 200
            response = await http.get("/api/v1/seen", headers={"origin": "http://chat.example.org"})
        assert_problem(response, 429, "rate_limited")
        assert response.headers["retry-after"] == "30"
        assert response.headers["access-control-allow-origin"] == "http://chat.example.org"  # pages may read it


class TestTheRest:
    async def test_every_answer_has_the_security_headers(self, http: httpx.AsyncClient) -> None:
        for path in ("/page", "/nothing", "/bug", "/api/v1/seen", "/healthz"):
            headers = (await http.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]

    async def test_api_answers_are_not_kept(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/api/v1/seen")).headers["cache-control"] == "no-store"
        assert "cache-control" not in (await http.get("/page")).headers

    async def test_a_page_s_own_policy_stays(self) -> None:
        async def page(scope: Scope, receive: Receive, send: Send) -> None:
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-security-policy", b"mine")]}
            )

        sent, _ = await ask(SecurityHeaders(page), http_scope())
        policies = [value for name, value in sent[0]["headers"] if name == b"content-security-policy"]
        assert policies == [b"mine"]

    async def test_head_is_get_without_a_body(self, http: httpx.AsyncClient) -> None:
        got, headed = await http.get("/page"), await http.head("/page")
        assert (headed.status_code, headed.content) == (200, b"")
        assert headed.headers["content-length"] == got.headers["content-length"]
        assert (await http.head("/nothing")).status_code == 404
        assert (await http.head("/api/v1/things")).headers["allow"] == "POST, OPTIONS"

    async def test_the_application_sees_the_visitor(self, metrics: Metrics) -> None:
        seen: list[Scope] = []

        async def look(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope)

        app = Exchanges(look, Forwarded(["192.0.2.7"]), metrics, FakeClock())
        told = [("Host", "inner"), ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https")]
        await ask(app, http_scope(headers=[*told, ("X-Forwarded-Host", "chat.example.org")]))
        await ask(app, http_scope(headers=[("Host", "inner")]))
        await ask(app, http_scope(headers=[], client=None))
        assert [(scope["client"], scope["scheme"], dict(scope["headers"])[b"host"]) for scope in seen] == [
            (("1.2.3.4", 0), "https", b"chat.example.org"),
            (("192.0.2.7", 5000), "http", b"inner"),
            (("", 0), "http", b""),
        ]

    async def test_a_socket_at_another_path_is_refused(self, metrics: Metrics) -> None:
        sent, _ = await ask(Exchanges(echo_app, Forwarded(), metrics, FakeClock()), {"type": "websocket"})
        assert sent == [{"type": "websocket.close", "code": 1000}]
