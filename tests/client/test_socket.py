import asyncio

import pytest

from support.clock import FakeClock
from support.reference import Frame
from support.script import Line, Stage, address, flow, staged
from tertulia.client.errors import ApiError, ConnectionLost
from tertulia.client.socket import MAX_IN_FLIGHT, Socket


async def opened(stage: Stage, events: list[Frame] | None = None, clock: FakeClock | None = None) -> Socket:
    heard = events if events is not None else []
    return await Socket.open(address(stage), "token-1", clock or FakeClock(), heard.append)


async def test_replies_find_their_commands_in_any_order() -> None:
    async def script(line: Line) -> None:
        commands = [await line.hear() for _ in range(10)]
        for command in reversed(commands):
            await line.say(ev="between")
            await line.reply(command, echo=command["room"])
        await line.stay()

    events: list[Frame] = []
    async with staged(script) as stage:
        socket = await opened(stage, events)
        replies = await asyncio.gather(*(socket.command("typing", room=f"{number}") for number in range(10)))
        assert [reply["echo"] for reply in replies] == [f"{number}" for number in range(10)]
        assert len(events) == 10
        assert stage.tokens == ["Bearer token-1"]
        await socket.close()


async def test_a_refusal_is_an_error_with_all_that_it_says() -> None:
    async def script(line: Line) -> None:
        await line.refuse(await line.hear(), "rate_limited", retry_after=0.4, fields={"body": "too much"})
        await line.stay()

    async with staged(script) as stage:
        socket = await opened(stage)
        with pytest.raises(ApiError) as raised:
            await socket.command("post")
        error = raised.value
        assert (error.code, error.retry_after, error.fields) == ("rate_limited", 0.4, {"body": "too much"})
        await socket.close()


async def test_a_cut_line_fails_all_that_wait_and_all_that_come() -> None:
    async def script(line: Line) -> None:
        await line.hear()
        await line.say(ev="bye", code=1012, reason="The server restarts.", reconnect_in=3.2)
        line.cut()

    async with staged(script) as stage:
        socket = await opened(stage)
        for _ in range(2):
            with pytest.raises(ConnectionLost):
                await socket.command("typing")
        assert not socket.is_open
        assert (socket.code, socket.retry_after) == (1006, 3.2)
        await socket.close()


async def test_the_close_code_is_kept() -> None:
    async def script(line: Line) -> None:
        await line.close(4501, "signed out")

    async with staged(script) as stage:
        socket = await opened(stage)
        await socket.wait_closed()
        assert (socket.code, socket.reason) == (4501, "signed out")
        await socket.close()


async def test_commands_in_flight_are_bounded() -> None:
    heard = asyncio.Queue[Frame]()
    go = asyncio.Event()

    async def script(line: Line) -> None:
        commands = [await line.hear() for _ in range(MAX_IN_FLIGHT)]
        await go.wait()
        for command in commands:
            await line.reply(command)
        for _ in range(10):
            command = await line.hear()
            heard.put_nowait(command)
            await line.reply(command)
        await line.stay()

    async with staged(script) as stage:
        socket = await opened(stage)
        asked = asyncio.gather(*(socket.command("typing") for _ in range(MAX_IN_FLIGHT + 10)))
        await asyncio.wait([asked], timeout=0.05)
        assert heard.empty()
        go.set()
        await asked
        await socket.close()


async def test_a_cancelled_command_gives_its_place_back() -> None:
    async def script(line: Line) -> None:
        first = await line.hear()
        second = await line.hear()
        await line.reply(first)
        await line.reply(second, ok=True)
        await line.stay()

    async with staged(script) as stage:
        socket = await opened(stage)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await socket.command("typing")
        assert (await socket.command("typing"))["ok"]
        await socket.close()


async def test_pings_go_out_and_silence_is_the_end() -> None:
    clock = FakeClock()
    pings: list[Frame] = []

    async def script(line: Line) -> None:
        for _ in range(3):
            pings.append(await line.hear("ping"))
            await line.reply(pings[-1])
        line.deaf = True
        await line.stay()

    async with staged(script) as stage:
        socket = await opened(stage, clock=clock)
        socket.watch(25, 50)
        await flow(clock, lambda: len(pings) == 3)
        assert socket.is_open
        assert clock.monotonic() >= 75
        await flow(clock, lambda: not socket.is_open)
        assert clock.monotonic() >= 125
        assert "Nothing was heard" in socket.reason
        await socket.close()


@pytest.mark.parametrize("nonsense", ["{", "[1]", '"text"', "{}", '{"ev": 1, "ev2": ', '{"error": {}}'])
async def test_what_is_not_the_protocol_ends_the_connection(nonsense: str) -> None:
    async def script(line: Line) -> None:
        await line.hear()
        await line.socket.send(nonsense)
        await line.stay()

    async with staged(script) as stage:
        socket = await opened(stage)
        with pytest.raises(ConnectionLost):
            await socket.command("typing")
        assert "not the protocol" in socket.reason
        await socket.close()


async def test_a_line_that_is_closed_here_ends_normally() -> None:
    codes: list[int | None] = []

    async def script(line: Line) -> None:
        await line.stay()
        codes.append(line.socket.close_code)

    async with staged(script) as stage:
        socket = await opened(stage)
        await socket.close()
        await socket.close()
    assert codes == [1000]


@pytest.mark.parametrize(
    ("status", "headers", "expected", "retry_after"),
    [
        (401, {}, ApiError, None),
        (403, {}, ApiError, None),
        (503, {"Retry-After": "7"}, ConnectionLost, 7.0),
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, ConnectionLost, None),
        (502, {}, ConnectionLost, None),
    ],
)
async def test_a_refused_handshake(
    status: int, headers: dict[str, str], expected: type[ApiError | ConnectionLost], retry_after: float | None
) -> None:
    async with staged((status, headers)) as stage:
        with pytest.raises((ApiError, ConnectionLost)) as raised:
            await opened(stage)
        assert isinstance(raised.value, expected)
        assert raised.value.retry_after == retry_after


async def test_a_server_that_is_not_there() -> None:
    async with staged((500, {})) as stage:
        gone = stage
    with pytest.raises(ConnectionLost, match="does not answer"):
        await opened(gone)
