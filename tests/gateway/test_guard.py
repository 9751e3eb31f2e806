"""The HTTP side of the port: bounds on heads and time (E14), no response inside a stream (E15). On both transports."""

import asyncio
import json

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from support.sockets import KEY, TEXT, Kind, RecordingPeer, accepting, frame, handshake, socket_server, turn
from tertulia.clock import SystemClock
from tertulia.gateway.guard import HttpLimits

GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"
SOON = HttpLimits(head=0.15, stall=0.15)


async def test_plain_http_works_and_stays_open(kind: Kind) -> None:
    async with socket_server(kind) as running:
        client = await running.connect()
        for size in (0, 10, 100_000):
            head = b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
            await client.send(head + b"x" * size)
            response = await client.response()
            assert (response.status, response.body) == (200, b"%d" % size)
            assert "server" not in response.headers


async def test_a_socket_after_requests_on_the_same_line(kind: Kind) -> None:
    async with socket_server(kind, accepting(RecordingPeer(echo=True))) as running:
        client = await running.connect()
        await client.send(GET)
        assert (await client.response()).status == 200
        assert (await client.ask()).status == 101
        await client.text("a")
        assert (await client.frame()).payload == b"a"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"Cookie: a=b\r\n" * 2_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nCookie: " + b"c" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nCookie: " + b"c" * 5_000_000,
        b"GET /" + b"p" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"n" * 1_000_000,
        handshake(headers=[("Cookie", "c" * 20_000)]),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"Trailer: t\r\n" * 5_000,
    ],
    ids=["many headers", "one header", "endless header", "path", "endless name", "handshake", "trailers"],
)
async def test_e14_a_large_head_is_refused(kind: Kind, head: bytes) -> None:
    """Rule 11."""
    async with socket_server(kind, accepting(RecordingPeer())) as running:
        client = await running.connect()
        client.writer.write(head)
        response = await client.response()
        assert response.status == 431
        assert response.headers["content-type"] == "application/problem+json"
        assert json.loads(response.body)["code"] == "too_large"
        assert await client.ended()


async def test_e14_a_silent_line_is_closed(kind: Kind) -> None:
    async with socket_server(kind, limits=SOON) as running:
        client = await running.connect()
        async with asyncio.timeout(5):
            assert await client.ended()


@pytest.mark.parametrize("half", [b"G", GET[:20], handshake()[:-2]], ids=["a letter", "a head", "a handshake"])
async def test_e14_half_a_head_is_answered_with_408(kind: Kind, half: bytes) -> None:
    async with socket_server(kind, limits=SOON) as running:
        client = await running.connect()
        await client.send(half)
        async with asyncio.timeout(5):
            assert (await client.response()).status == 408
            assert await client.ended()


async def test_e14_half_a_second_head(kind: Kind) -> None:
    async with socket_server(kind, limits=SOON) as running:
        client = await running.connect()
        await client.send(GET + b"\r\n" + GET[:20])
        assert (await client.response()).status == 200
        async with asyncio.timeout(5):
            assert (await client.response()).status == 408


async def test_e14_half_a_body(kind: Kind) -> None:
    async with socket_server(kind, limits=SOON) as running:
        client = await running.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345")
        async with asyncio.timeout(5):
            assert await client.ended()


async def test_a_slow_body_that_moves_is_taken(kind: Kind) -> None:
    async with socket_server(kind, limits=HttpLimits(stall=0.4)) as running:
        client = await running.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await SystemClock().sleep(0.1)
            await client.send(b"x")
        assert (await client.response()).body == b"8"


async def test_a_body_that_breaks(kind: Kind) -> None:
    async with socket_server(kind) as running:
        client = await running.connect()
        await client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nno number\r\n")
        assert (await client.response()).status == 400
        assert await client.ended()


async def test_a_slow_answer_is_no_slow_request(kind: Kind) -> None:
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await PlainTextResponse("done")(scope, receive, send)

    async with socket_server(kind, http=slow, limits=SOON) as running:
        patient, silent = await running.connect(), await running.connect()
        await patient.send(GET)
        assert await silent.ended()
        go_on.set()
        assert (await patient.response()).body == b"done"


async def test_not_http(kind: Kind) -> None:
    async with socket_server(kind) as running:
        client = await running.connect()
        await client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        response = await client.response()
        assert response.status == 400
        assert json.loads(response.body)["code"] == "invalid"
        assert await client.ended()


async def test_e15_an_upgrade_behind_a_pending_response_is_refused(kind: Kind) -> None:
    """Rule 11."""
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await PlainTextResponse("slow")(scope, receive, send)

    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer), http=slow) as running:
        client = await running.connect()
        await client.send(GET + handshake() + frame(TEXT, b"early"))
        await turn()
        go_on.set()
        assert (await client.response()).body == b"slow"
        assert (await client.response()).status == 400
        assert await client.ended()
        assert peer.told == []


async def test_requests_behind_a_refused_upgrade_are_not_answered(kind: Kind) -> None:
    async with socket_server(kind, accepting(RecordingPeer())) as running:
        client = await running.connect()
        await client.send(handshake(version="12") + GET)
        assert (await client.response()).status == 426
        assert await client.ended()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (handshake(version="8"), 426),
        (handshake(key="short"), 400),
        (handshake(key=KEY + KEY), 400),
        (handshake(key="ñ" * 24), 400),
        (handshake(method="POST"), 400),
        (handshake(http="HTTP/1.0"), 400),
        (handshake("http://:a:/ws"), 400),
        (handshake(headers=[("Content-Length", "4")]) + b"body", 400),
        (handshake(headers=[("Transfer-Encoding", "chunked")]) + b"0\r\n\r\n", 400),
    ],
)
async def test_handshakes_that_are_none(kind: Kind, data: bytes, status: int) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.connect()
        await client.send(data)
        response = await client.response()
        assert response.status == status
        assert json.loads(response.body)["status"] == status
        assert await client.ended()
        assert peer.told == []


async def test_other_upgrades_are_answered_as_http(kind: Kind) -> None:
    """`curl --http2` asks for h2c."""
    async with socket_server(kind) as running:
        client = await running.connect()
        head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        await client.send(head + b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
        assert (await client.response()).body == b"0"
        assert await client.ended()
