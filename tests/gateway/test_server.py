import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from support.clock import FakeClock
from support.sockets import CLOSE, Kind, RawSocket, RecordingPeer, accepting, frame, open_admission, plain_http, until
from tertulia.clock import SystemClock
from tertulia.gateway import selfcheck
from tertulia.gateway.admission import Admission
from tertulia.gateway.asgi import WithSockets
from tertulia.gateway.server import Server, Sockets, build_uvicorn
from tertulia.protocol.frames import Frames

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def build(admission: Admission, *, sockets: Sockets = "picows", http: Any = plain_http, **options: Any) -> Server:
    app = WithSockets(http, admission)
    given = {"lifespan": "off", **options}
    return build_uvicorn(app, admission, SystemClock(), host="127.0.0.1", port=0, sockets=sockets, **given)


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[asyncio.Task[None]]:
    """`server` from start to end, as `tertulia serve` runs it."""
    task = asyncio.get_running_loop().create_task(server.serve())
    await asyncio.wait_for(server.listening.wait(), 10)
    yield task
    server.should_exit = True
    await asyncio.wait_for(task, 15)


async def connect(server: Server) -> RawSocket:
    return RawSocket(*await asyncio.open_connection("127.0.0.1", server.port))


async def test_auto_is_picows_here() -> None:
    server = build(open_admission(), sockets="auto")
    async with serving(server):
        assert server.sockets == "picows"


async def test_auto_falls_back_with_a_warning_and_still_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "_ACCEPTED", b"something else")
    admission, peer = open_admission(), RecordingPeer(echo=True)
    admission.register("/ws", accepting(peer))
    server = build(admission, sockets="auto")
    with structlog.testing.capture_logs() as logs:
        async with serving(server):
            assert server.sockets == "asgi"
            client = await connect(server)
            assert (await client.ask()).status == 101
            await client.text("a")
            assert (await client.frame()).payload == b"a"
            client.shut()
    [warning] = [line for line in logs if line["event"] == "sockets.fallback"]
    assert {"picows", "uvicorn", "httptools", "uvloop", "reason"} <= set(warning)


async def test_shutdown_runs_the_hook_before_anything_else_ends(kind: Kind) -> None:
    """Rule 20: uvicorn alone would wait for the sockets, or drop them without a frame."""
    admission, peer = open_admission(), RecordingPeer()
    admission.register("/ws", accepting(peer))
    order: list[str] = []

    async def hook() -> None:
        order.append("hook")
        assert admission.draining
        peer.transport.send(Frames((b'{"ev":"bye"}',)))
        peer.transport.close(1012, "The server restarts.")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            order.append("lifespan")
            await send({"type": "lifespan.shutdown.complete"})

    server = build(admission, sockets=kind, http=app, lifespan="on", on_shutdown=hook)
    async with serving(server):
        client = await connect(server)
        await client.ask()
        server.should_exit = True
        assert (await client.frame()).payload == b'{"ev":"bye"}'
        assert await client.close_code() == 1012
        await client.send(frame(CLOSE, (1012).to_bytes(2, "big")))
        await peer.until_closed()
        client.shut()
    assert order == ["hook", "lifespan"]


async def test_sockets_that_the_hook_left_are_closed_and_then_cut(kind: Kind) -> None:
    admission, polite, stubborn = open_admission(), RecordingPeer(), RecordingPeer()
    admission.register("/polite", accepting(polite))
    admission.register("/stubborn", accepting(stubborn))
    server = build(admission, sockets=kind)
    async with serving(server):
        one, other = await connect(server), await connect(server)
        await one.ask("/polite")
        await other.ask("/stubborn")
        server.should_exit = True
        assert await one.close_code() == 1012
        await one.send(frame(CLOSE, (1012).to_bytes(2, "big")))
        assert await polite.until_closed() == 1012
        await stubborn.until_closed()
        one.shut()
        other.shut()
    assert admission.open == 0


async def test_no_socket_comes_in_while_draining(kind: Kind) -> None:
    admission, hooked, go_on = open_admission(), asyncio.Event(), asyncio.Event()
    admission.register("/ws", accepting(RecordingPeer()))

    async def hook() -> None:
        hooked.set()
        await go_on.wait()

    server = build(admission, sockets=kind, on_shutdown=hook)
    async with serving(server):
        idle = await connect(server)
        await idle.send(GET)
        assert (await idle.response()).status == 200
        server.should_exit = True
        await hooked.wait()
        assert (await idle.ask()).status == 503
        port = server.config.port
        go_on.set()
        idle.shut()
        assert port == 0


async def test_a_hook_that_hangs_or_fails_does_not_hold_the_end(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.gateway.server.HOOK_SECONDS", 0.2)

    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise RuntimeError

    for hook in (hang, fail):
        async with serving(build(open_admission(), sockets=kind, on_shutdown=hook)):
            pass


async def test_a_second_signal_ends_at_once() -> None:
    hooked = asyncio.Event()

    async def hang() -> None:
        hooked.set()
        await asyncio.Event().wait()

    server = build(open_admission(), on_shutdown=hang)
    async with serving(server) as task:
        server.should_exit = True
        await hooked.wait()
        server.handle_exit(signal.SIGINT, None)
        server._captured_signals.clear()
        async with asyncio.timeout(2):
            await asyncio.wait({task})


async def test_load_balancers_get_their_time() -> None:
    clock, admission = FakeClock(), open_admission()
    server = build_uvicorn(
        plain_http, admission, clock, host="127.0.0.1", port=0, sockets="picows", lifespan="off", drain_seconds=10
    )
    task = asyncio.get_running_loop().create_task(server.serve())
    await server.listening.wait()
    server.should_exit = True
    await until(lambda: admission.draining)
    client = await connect(server)
    await client.send(GET)
    assert (await client.response()).status == 200
    client.shut()
    clock.advance(10)
    await asyncio.wait_for(task, 10)


async def test_requests_in_flight_are_answered() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await go_on.wait()
        await PlainTextResponse("done")(scope, receive, send)

    async def hook() -> None:
        go_on.set()

    server = build(open_admission(), http=slow, on_shutdown=hook)
    async with serving(server):
        client = await connect(server)
        await client.send(GET)
        await asked.wait()
        server.should_exit = True
        assert (await client.response()).body == b"done"
        client.shut()


async def test_query_strings_are_not_printed(kind: Kind, capfd: pytest.CaptureFixture[str]) -> None:
    admission = open_admission()
    admission.register("/ws", accepting(RecordingPeer()))
    server = build(admission, sockets=kind)
    async with serving(server):
        client = await connect(server)
        await client.send(b"GET /?token=secret HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.response()
        await client.ask("/ws?token=secret")
        client.shut()
    printed = capfd.readouterr()
    assert "secret" not in printed.out + printed.err
