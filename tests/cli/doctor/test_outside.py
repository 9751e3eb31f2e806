"""From outside, without a proxy; with one: tests/test_proxy.py."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from support.process import free_port
from support.proxies import write_certificate
from support.server import running_server
from tertulia.cli.doctor import outside
from tertulia.cli.doctor.finding import Finding, Level
from tertulia.client.address import Address


async def asked(url: str) -> dict[str, Finding]:
    return dict(await asyncio.to_thread(lambda: list(outside.ask(url))))


async def test_a_server_in_plain_http(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        seen = await asked(f"http://127.0.0.1:{server.port}")
    assert {name: finding.level for name, finding in seen.items()} == dict.fromkeys(
        ("reached", "ready", "host name", "scheme", "sockets outside"), "ok"
    )


async def test_a_name_that_is_not_allowed(tmp_path: Path) -> None:
    async with running_server(tmp_path, allowed_hosts=("chat.example.org",)) as server:
        seen = await asked(f"http://localhost:{server.port}")
    assert seen["host name"].level == "problem"
    assert "Add localhost to TERTULIA_ALLOWED_HOSTS" in seen["host name"].advice
    assert seen["sockets outside"].level == "problem"


@asynccontextmanager
async def answering(text: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says the same to everybody; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "does not reach the server (502)"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is not Tertulia"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "is not Tertulia"),
        (b"what?", "does not answer"),
    ],
)
async def test_somebody_else_answers(answer: bytes, what: str) -> None:
    async with answering(answer) as port:
        seen = await asked(f"http://127.0.0.1:{port}")
    assert list(seen) == ["reached"]
    assert seen["reached"].level == "problem"
    assert what in seen["reached"].what


async def test_a_proxy_that_believes_strangers() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lives = b"/healthz" in head or b"x-forwarded-for: 127.0.0.1" in head.lower()
        body = b'{"status":"ok"}' if lives else b""
        status = b"200 OK" if lives else b"404 Not Found"
        writer.write(b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        seen = await asked(url)
        with httpx.Client(trust_env=False) as http:
            line = outside.Line(Address(url), http, ssl.create_default_context())
            spoofed = await asyncio.to_thread(outside.spoofing, line)
            assert outside.certificate(line).level == "problem"  # there is none
    assert spoofed.what == "Strangers can pretend to come from any address."
    for name in ("ready", "host name", "scheme", "sockets outside"):
        assert seen[name].level == "problem", name


async def test_a_socket_that_never_ends_does_not_keep_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it says, and though it does not answer to being closed either."""
    monkeypatch.setattr(outside, "SECONDS", 0.2)

    async def talk(opened: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await opened.send("hello?")

    async with serve(talk, "127.0.0.1", 0, close_timeout=0) as server:
        url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        with httpx.Client(trust_env=False) as http:
            line = outside.Line(Address(url), http, ssl.create_default_context())
            finding = await asyncio.to_thread(outside.upgrade, line)
    assert finding.what == "A socket does not open, or does not answer."


async def test_nobody_answers() -> None:
    assert (await asked(f"http://127.0.0.1:{free_port()}"))["reached"].what == "Nothing listens there."


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    async with answering(b"", tls) as port:
        seen = await asked(f"https://localhost:{port}")
    assert "certificate is not good" in seen["reached"].what


@pytest.mark.parametrize(("days", "level"), [(60, "ok"), (15, "warning"), (3, "problem")])
def test_how_long_a_certificate_is_good(days: float, level: Level) -> None:
    assert outside.judge_certificate(days).level == level


@pytest.mark.parametrize("url", ["chat.example.org", "ftp://chat.example.org", "https://u:p@chat.example.org"])
def test_what_is_no_address(url: str) -> None:
    ((name, finding),) = outside.ask(url)
    assert (name, finding.level) == ("outside", "problem")
