"""One request: where it goes, what it carries, what an answer may do to us."""

import asyncio
import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.clock import START, FakeClock
from support.receiver import receiver
from tertulia.domain.webhooks import Webhook
from tertulia.services.calls import Calls
from tertulia.services.targets import TargetError, Targets

SECRET = "a secret of the tests"
BODY = json.dumps({"id": "one", "event": "message"}).encode()


def hook(url: str) -> Webhook:
    return Webhook(1, "hook", url, SECRET, ("message",), 0)


@asynccontextmanager
async def calls(targets: Targets | None = None, seconds: float = 5) -> AsyncIterator[Calls]:
    running = Calls(targets or Targets(["127.0.0.0/8"]), FakeClock(), seconds=seconds)
    try:
        yield running
    finally:
        await running.close()


def raw(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


async def test_what_a_receiver_gets() -> None:
    async with receiver() as there, calls() as running:
        answer = await running.send(hook(there.url + "?a=b"), "one", "message", BODY)
        assert answer.delivered
        (got,) = there.received
    assert (got.path, got.body) == ("/hooks?a=b", BODY)
    assert got.headers["host"] == f"127.0.0.1:{there.port}"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("Tertulia/")
    assert (got.headers["tertulia-event"], got.headers["tertulia-delivery"]) == ("message", "one")
    at = START // 1_000_000
    digest = hmac.new(SECRET.encode(), f"{at}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert got.headers["tertulia-signature"] == f"t={at},v1={digest}"


async def test_lines_are_used_again() -> None:
    async with receiver() as there, calls() as running:
        for _ in range(5):
            assert (await running.send(hook(there.url), "one", "message", BODY)).delivered
        assert there.lines == 1


@pytest.mark.parametrize(
    ("status", "delivered", "gone"),
    [
        (200, True, False),
        (204, True, False),
        (299, True, False),
        (301, False, False),
        (400, False, False),
        (404, False, False),
        (410, False, True),
        (429, False, False),
        (500, False, False),
        (503, False, False),
    ],
)
async def test_what_an_answer_means(status: int, delivered: bool, gone: bool) -> None:
    async with receiver(lambda _: raw(f"{status} X", "Content-Length: 0")) as there, calls() as running:
        answer = await running.send(hook(there.url), "one", "message", BODY)
    assert (answer.delivered, answer.gone) == (delivered, gone)
    assert delivered or str(status) in answer.reason


async def test_redirects_are_not_followed() -> None:
    async with receiver() as inside:
        answers = raw("307 X", f"Location: {inside.url}", "Content-Length: 0")
        async with receiver(lambda _: answers) as there, calls() as running:
            answer = await running.send(hook(there.url), "one", "message", BODY)
        assert answer.reason == "status 307 (redirects are not followed)"
        assert inside.received == []


async def test_an_own_address_is_not_connected_to() -> None:
    async with receiver() as there, calls(Targets()) as running:
        answer = await running.send(hook(there.url), "one", "message", BODY)
        assert "own network" in answer.reason
        with pytest.raises(TargetError):
            await running.check(there.url)
        assert there.lines == 0


class Rebinding:
    """A name that leads to the world when it is first asked for, and inside from then on."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return ["8.8.8.8"] if self.asked == 1 else ["127.0.0.1"]


async def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing() -> None:
    async with receiver() as there, calls(Targets(resolve=Rebinding())) as running:
        url = f"http://rebinding.example:{there.port}/"
        await running.check(url)
        answer = await running.send(hook(url), "one", "message", BODY)
        assert "own network" in answer.reason
        assert there.lines == 0


async def test_a_name_is_looked_up_once_for_a_request_and_stays_its_host() -> None:
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with receiver() as there, calls(Targets(["127.0.0.0/8"], resolve)) as running:
        answer = await running.send(hook(f"http://app.example:{there.port}/x"), "one", "message", BODY)
        assert answer.delivered
        assert there.received[0].headers["host"] == f"app.example:{there.port}"
    assert asked == ["app.example"]


async def test_the_next_address_is_tried_when_one_cannot_be_connected_to() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with receiver() as there, calls(Targets(["127.0.0.0/8"], resolve)) as running:
        assert (await running.send(hook(f"http://app.example:{there.port}/"), "one", "message", BODY)).delivered


async def test_environment_variables_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as proxy, receiver() as there, calls() as running:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await running.send(hook(there.url), "one", "message", BODY)).delivered
        assert proxy.lines == 0


async def test_cookies_are_not_kept() -> None:
    answers = raw("200 X", "Set-Cookie: a=b; Path=/", "Content-Length: 0")
    async with receiver(lambda _: answers) as there, calls() as running:
        for _ in range(2):
            await running.send(hook(there.url), "one", "message", BODY)
        assert all("cookie" not in got.headers for got in there.received)


async def test_a_receiver_that_says_nothing_is_given_up() -> None:
    async with receiver() as there, calls(seconds=0.2) as running:
        there.gate = asyncio.Event()
        answer = await running.send(hook(there.url), "one", "message", BODY)
        assert answer.reason == "no answer in time"


async def test_of_a_gigabyte_little_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        there.written = 0
        while there.written < 1 << 30:
            writer.write(b"x" * 65_536)
            await writer.drain()
            there.written += 65_536

    async with receiver(lambda _: raw("200 X", f"Content-Length: {1 << 30}")) as there, calls() as running:
        there.endless = endless
        answer = await running.send(hook(there.url), "one", "message", BODY)
        assert answer.delivered
        assert there.written < 50_000_000


async def test_a_body_that_trickles_does_not_take_back_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.services.calls.BODY_SECONDS", 0.05)
    answers = raw("200 X", "Content-Length: 100", body=b"x")
    async with receiver(lambda _: answers) as there, calls() as running:
        assert (await running.send(hook(there.url), "one", "message", BODY)).delivered
        assert (await running.send(hook(there.url), "one", "message", BODY)).delivered


@pytest.mark.parametrize(
    "answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", b"\x16"]
)
async def test_nonsense_is_a_failure(answer: bytes) -> None:
    async with receiver(lambda _: answer) as there, calls(seconds=1) as running:
        said = await running.send(hook(there.url), "one", "message", BODY)
        assert not said.delivered
        assert said.reason


async def test_nobody_there() -> None:
    async with receiver() as there:
        url = there.url
    async with calls() as running:
        assert (await running.send(hook(url), "one", "message", BODY)).reason == "cannot connect"


async def test_https_needs_a_certificate_of_the_name() -> None:
    async with receiver() as there, calls() as running:
        url = there.url.replace("http://", "https://")
        assert not (await running.send(hook(url), "one", "message", BODY)).delivered
        assert there.received == []


async def test_lines_of_webhooks_that_are_gone_are_closed() -> None:
    async with receiver() as there, calls() as running:
        await running.send(hook(there.url), "one", "message", BODY)
        assert len(running._lines) == 1
        await running.keep([hook(there.url)])
        assert len(running._lines) == 1
        await running.keep([])
        assert running._lines == {}


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Of app.example, signed by itself."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=app.example",
    ]
    more = ["-addext", "subjectAltName=DNS:app.example", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, *words, *more], check=True, capture_output=True)
    return key, cert


@pytest.mark.parametrize(("host", "reason"), [("app.example", ""), ("other.example", "certificate refused")])
async def test_the_certificate_must_be_of_the_name_though_an_address_is_connected_to(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, host: str, reason: str
) -> None:
    key, cert = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with receiver(tls=context) as there, calls(Targets(["127.0.0.0/8"], resolve)) as running:
        answer = await running.send(hook(f"https://{host}:{there.port}/"), "one", "message", BODY)
        assert answer.reason == reason if reason else answer.delivered
        assert names == [host]
        assert len(there.received) == (not reason)
