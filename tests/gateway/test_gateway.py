"""Who is connected, and how all of it ends; admission by token on both transports."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from support.clock import FakeClock
from support.node import node
from support.server import running_server
from support.waiting import until
from tertulia.domain.ids import new_id

Sockets = Literal["picows", "asgi"]


@pytest.fixture(params=["picows", "asgi"])
def sockets(request: pytest.FixtureRequest) -> Sockets:
    kind: Sockets = request.param
    return kind


async def test_a_token_may_come_in_the_header_the_subprotocol_or_hello(tmp_path: Path, sockets: Sockets) -> None:
    async with running_server(tmp_path, sockets=sockets) as server:
        [ana] = await server.guests("ana")
        token = ana.tokens["access"]
        async with server.socket({"authorization": f"bearer {token}"}) as socket:
            assert (await socket.hello())["user"]["id"] == ana.id
            assert socket.line.subprotocol is None
        offered = [Subprotocol("tertulia.v1"), Subprotocol(f"bearer.{token}")]
        async with server.socket(subprotocols=offered) as socket:
            assert socket.line.subprotocol == "tertulia.v1"
            assert (await socket.hello())["user"]["id"] == ana.id
        async with server.socket() as socket:
            assert (await socket.hello(token=token))["user"]["id"] == ana.id
        async with server.socket({"authorization": "Bearer x"}) as socket:
            assert await socket.closed() == 4500


async def test_a_foreign_origin_is_refused_before_the_handshake(tmp_path: Path, sockets: Sockets) -> None:
    async with running_server(tmp_path, sockets=sockets) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with server.socket({"origin": "https://evil.example"}):
                pass
        assert refused.value.response.status_code == 403


async def test_a_connection_has_no_task_of_its_own(tmp_path: Path) -> None:
    """E19: a task for each, as picows' own pings have one, is two kilobytes for each, and wakes the loop for each."""
    async with running_server(tmp_path) as server, AsyncExitStack() as stack:
        [ana] = await server.guests("ana")

        def ours() -> int:
            """Without those of the client of this test, which runs here, too."""
            names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
            return sum(not name.startswith("Connection.") for name in names)

        first = await stack.enter_async_context(ana.socket())
        await first.ask("ping")
        before = ours()
        for _ in range(15):
            socket = await stack.enter_async_context(ana.socket())
            await socket.ask("ping")
        assert ours() == before


async def test_a_revoked_session_loses_its_sockets_at_once(tmp_path: Path, sockets: Sockets) -> None:
    """Rule 13."""
    async with running_server(tmp_path, sockets=sockets) as server:
        ana, ben = await server.guests("ana", "ben")
        async with ana.socket() as a, ben.socket() as b:
            [session] = (await ana.call("GET", "me/sessions"))["items"]
            await ana.call("DELETE", f"me/sessions/{session['id']}")
            assert (await a.event("bye"))["code"] == 4501
            assert await a.closed() == 4501
            await ana.call("GET", "me", status=401)
            assert set(await b.ask("ping")) == {"re"}


async def test_logging_out_everywhere_ends_all_sockets_of_the_user(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        lines = [await running.connect(ana), await running.connect(await running.sign_in(ana.name))]
        await running.services.sessions.end_all(ana.number)
        for line in lines:
            assert await line.closed() == 4501
        assert running.app.hub.users == []


async def test_promise_1_at_the_end_what_waits_is_committed_answered_and_then_bye(
    tmp_path: Path, sockets: Sockets
) -> None:
    """Rule 20."""
    async with running_server(tmp_path, sockets=sockets) as server, AsyncExitStack() as stack:
        ana, ben = await server.guests("ana", "ben")
        room = await server.room(ana, ben)
        lines = [await stack.enter_async_context(ben.socket()) for _ in range(5)]
        posting = await stack.enter_async_context(ana.socket())
        for number in range(50):
            await posting.send(cmd="post", id=number, room=room, body=str(number), client_id=new_id())
        await lines[0].event("message")  # the first of them is here
        await server.application.drain()
        replies = [await posting.until(lambda frame: "re" in frame) for _ in range(50)]
        byes = [await line.event("bye") for line in [posting, *lines]]
        assert {await line.closed() for line in lines} == {1012}
    stored = [reply["message"]["index"] for reply in replies if "message" in reply]
    assert {reply["error"]["code"] for reply in replies if "error" in reply} <= {"unavailable"}
    assert stored == list(range(1, len(stored) + 1))
    times = [bye["reconnect_in"] for bye in byes]
    assert all(1 <= seconds <= 11 for seconds in times)
    assert len(set(times)) > 1


async def test_after_the_end_commands_are_refused_not_lost(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        line = await running.connect(ana)
        await running.app.committer.close()
        assert (await line.ask("post", room=room, body="late"))["error"]["code"] == "unavailable"


async def test_metrics_count_who_is_there(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        ana, ben = await running.people("ana", "ben")
        lines = [await running.connect(ana), await running.connect(ben), running.open()]
        assert running.gateway.connections == 3
        for line in lines:
            line.cut()
        await until(lambda: running.gateway.connections == 0)
        assert running.gateway._by_session == {}
