"""The README's "Behind your proxy", pasted line by line, with the real nginx and the real Caddy before a server."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.clock import FakeClock
from support.commands import Serving, process
from support.proxies import STRANGER, Machine, Proxy, block
from support.server import PASSWORD, RunningServer, running_server
from support.waiting import until
from tertulia.cli.doctor.outside import ask
from tertulia.clock import SystemClock
from tertulia.gateway.heartbeat import DEAD_SECONDS, PING_SECONDS
from tertulia.settings import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="a second address of the loopback is needed"),
]
BOTH = pytest.mark.parametrize("name", ["nginx", "caddy"])


@asynccontextmanager
async def behind(
    name: str, folder: Path, changes: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[tuple[Proxy, RunningServer]]:
    """A server with the README's settings, and the proxy `name` before it."""
    chosen = Machine(folder / "settings", 0)
    chosen.paste("settings")
    read = load(env_file=folder / "settings" / ".env").settings
    values = {"allowed_hosts": read.allowed_hosts, "trusted_proxies": read.trusted_proxies, **settings}
    async with running_server(folder, **values) as server:
        machine = Machine(folder / "etc", server.port)
        machine.paste(name, **(changes or {}))
        assert (folder / "etc" / "systemctl").read_text() == f"reload {name}\n"
        async with machine.running(name) as proxy:
            yield proxy, server


async def sign_up(client: httpx.AsyncClient, name: str, **headers: str) -> dict[str, str]:
    """The headers of somebody new."""
    content = {"username": name, "password": PASSWORD}
    answer = await client.post("/api/v1/auth/register", json=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['tokens']['access']}"}


async def address_of(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    (session,) = (await client.get("/api/v1/me/sessions", headers=headers)).json()["items"]
    return str(session["address"])


@BOTH
async def test_requests_arrive_and_the_server_sees_who_asks(name: str, tmp_path: Path) -> None:
    async with behind(name, tmp_path) as (proxy, _), proxy.client() as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        assert await address_of(client, await sign_up(client, "ana")) == STRANGER


@BOTH
async def test_what_a_stranger_writes_about_himself_is_not_believed(name: str, tmp_path: Path) -> None:
    lies = {
        "X-Forwarded-For": "127.0.0.1, 198.51.100.7",
        "X-Real-IP": "198.51.100.7",
        "Forwarded": "for=198.51.100.7;host=localhost;proto=http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
    }
    async with behind(name, tmp_path) as (proxy, _), proxy.client() as client:
        assert await address_of(client, await sign_up(client, "ana", **lies)) == STRANGER
        # The lie about the scheme would make the own page a strange one.
        answer = await client.get("/api/v1/me", headers={**lies, "Origin": proxy.url})
        assert answer.headers["access-control-allow-origin"] == proxy.url
        for told in ({}, {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost"}):
            assert (await client.get("/metrics", headers=told)).status_code == 404


@BOTH
async def test_the_limits_of_one_address_are_not_those_of_another(name: str, tmp_path: Path) -> None:
    async with behind(name, tmp_path, logins_per_minute=1) as (proxy, _):
        statuses = []
        for address in (STRANGER, STRANGER, "127.0.0.3"):
            async with proxy.client(address) as client:
                content = {"username": "nobody", "password": PASSWORD}
                statuses.append((await client.post("/api/v1/auth/login", json=content)).status_code)
        assert statuses == [401, 429, 401]


@BOTH
async def test_the_name_is_passed_on(name: str, tmp_path: Path) -> None:
    async with behind(name, tmp_path, allowed_hosts=("other.example",)) as (proxy, _), proxy.client() as client:
        answer = await client.get("/api/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (400, "host_refused")


@BOTH
async def test_a_socket_of_an_own_page_opens_and_talks_at_once(name: str, tmp_path: Path) -> None:
    async with behind(name, tmp_path) as (proxy, server), proxy.client() as client:
        token = (await sign_up(client, "ana"))["Authorization"].removeprefix("Bearer ")
        async with proxy.socket(Origin=proxy.url) as line:
            await line.send(json.dumps({"cmd": "hello", "id": 1, "token": token}))
            assert json.loads(await line.recv())["re"] == 1
            assert json.loads(await line.recv())["ev"] == "ready"
            assert server.application.admission.open == 1
        answer = await proxy.handshake("Upgrade: websocket", "Connection: Upgrade", "Origin: https://evil.example")
        assert answer.startswith(b"HTTP/1.1 403 ")


@BOTH
@pytest.mark.parametrize("connection", ["Upgrade", "keep-alive, Upgrade", "upgrade"])
async def test_the_handshake_of_every_browser(name: str, connection: str, tmp_path: Path) -> None:
    async with behind(name, tmp_path) as (proxy, _):
        answer = await proxy.handshake("Upgrade: websocket", f"Connection: {connection}")
        assert answer.startswith(b"HTTP/1.1 101 "), answer


@BOTH
async def test_too_much_is_refused_by_the_server_and_in_its_words(name: str, tmp_path: Path) -> None:
    async with behind(name, tmp_path) as (proxy, _), proxy.client() as client:
        answer = await client.post("/api/v1/auth/login", content=b"x" * 300 * 1024)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_nginx_sends_people_to_https(tmp_path: Path) -> None:
    async with behind("nginx", tmp_path) as (proxy, _), httpx.AsyncClient() as client:
        answer = await client.get(f"http://localhost:{proxy.plain_port}/api/docs?a=b")
        assert (answer.status_code, answer.headers["location"]) == (301, "https://localhost/api/docs?a=b")


PATIENCE = 2
"""Seconds of the proxy, in the place of the README's."""


async def test_an_idle_socket_outlives_the_patience_of_nginx(tmp_path: Path) -> None:
    """The pings keep it: time goes fast for the server, and nginx has less patience."""
    given = re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", block("nginx"))
    assert len(given) == 2
    assert all(int(seconds) > DEAD_SECONDS for seconds in given)  # the server gives up first
    clock, system = FakeClock(), SystemClock()
    short = {"proxy_read_timeout": f"{PATIENCE}s", "proxy_send_timeout": f"{PATIENCE}s"}
    async with behind("nginx", tmp_path, short, clock=clock) as (proxy, server):
        (ana,) = await server.guests("ana")
        async with proxy.socket(Authorization=ana.headers["Authorization"]) as kept:
            await kept.send(json.dumps({"cmd": "hello", "id": 1}))
            assert json.loads(await kept.recv())["re"] == 1
            end = system.monotonic() + 2.5 * PATIENCE
            while system.monotonic() < end:
                clock.advance(PING_SECONDS)
                await system.sleep(PATIENCE / 4)
            await kept.send(json.dumps({"cmd": "ping", "id": 2}))
            async with asyncio.timeout(5):
                while json.loads(await kept.recv()).get("re") != 2:
                    pass
            await until(lambda: kept.close_code is not None)  # and without pings, nginx ends it
            assert kept.close_code == 1006


@BOTH
async def test_an_answer_arrives_piece_by_piece(name: str, tmp_path: Path) -> None:
    more, heads = asyncio.Event(), []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await more.wait()
        writer.write(b"5\r\n-last\r\n0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as upstream:
        machine = Machine(tmp_path / "etc", upstream.sockets[0].getsockname()[1])
        machine.paste(name)
        async with (
            asyncio.timeout(10),
            machine.running(name) as proxy,
            proxy.client() as client,
            client.stream("GET", "/", headers={"X-Forwarded-Host": "evil.example"}) as response,
        ):
            pieces = response.aiter_raw()
            assert await anext(pieces) == b"first"
            more.set()
            assert await anext(pieces) == b"-last"
    assert b"evil.example" not in heads[0]
    assert f"\r\nhost: localhost:{proxy.port}\r\n".encode() in heads[0].lower()


@BOTH
async def test_the_doctor_finds_nothing_wrong_from_outside(name: str, tmp_path: Path) -> None:
    with Serving(tmp_path) as first:  # makes the data directory; its port is another than that of the next
        first.get("/readyz")
    Machine(tmp_path / "settings", 0).paste("settings")
    (tmp_path / "settings" / ".env").rename(tmp_path / ".env")
    with Serving(tmp_path) as serving:
        machine = Machine(tmp_path / "etc", int(serving.address.rsplit(":", 1)[1]))
        machine.paste(name)
        async with machine.running(name) as proxy:
            words = ("doctor", "--production", "--json", "--url", proxy.url)
            trusts = ("env", f"SSL_CERT_FILE={tmp_path}/etc/cert/fullchain.pem")
            done = await asyncio.to_thread(process, tmp_path, *words, before=trusts)
    found = json.loads(done.stdout)["findings"]
    assert [each for each in found if each["level"] == "problem"] == [], done.stderr
    seen = {each["check"]: each["level"] for each in found}
    for check in ("reached", "ready", "host name", "scheme", "sockets outside", "spoofing", "certificate"):
        assert seen[check] == "ok", check
    for check in ("hosts", "proxy", "server"):
        assert seen[check] == "ok", check


NAIVE = """
server {{
    listen 443 ssl;
    server_name localhost;
    ssl_certificate     {cert}/fullchain.pem;
    ssl_certificate_key {cert}/privkey.pem;
    location / {{ proxy_pass http://127.0.0.1:8000; {more} }}
}}
"""


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ("", {"host name", "scheme", "sockets outside", "spoofing"}),
        ("proxy_set_header Host $http_host;", {"scheme", "sockets outside", "spoofing"}),
    ],
)
async def test_the_doctor_sees_what_a_proxy_lacks(
    more: str, wrong: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path, allowed_hosts=("localhost",), trusted_proxies=("127.0.0.1",)) as server:
        machine = Machine(tmp_path / "etc", server.port)
        text = machine.moved(NAIVE.format(cert=tmp_path / "etc" / "cert", more=more))
        (tmp_path / "etc" / "conf.d" / "naive.conf").write_text(text)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "etc" / "cert" / "fullchain.pem"))
        async with machine.running("nginx") as proxy:
            found = dict(await asyncio.to_thread(lambda: list(ask(proxy.url))))
    assert {name for name, finding in found.items() if finding.level == "problem"} == wrong
    assert found["spoofing"].what == "Strangers can read /metrics."
