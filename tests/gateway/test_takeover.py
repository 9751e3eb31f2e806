"""What only the picows transport has to prove: that taking a line over leaves nothing behind and loses nothing."""

import asyncio
import gc

import pytest

from support.sockets import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    RecordingPeer,
    accepting,
    frame,
    handshake,
    open_admission,
    socket_server,
    underlying,
)
from tertulia.gateway.admission import Accept, Decision, UpgradeRequest
from tertulia.gateway.takeover import Takeover
from tertulia.gateway.transport import MAX_FRAME
from tertulia.protocol.frames import Frames


def _read_buffer(transport: asyncio.Transport) -> int:
    protocol = transport.get_protocol()
    assert isinstance(protocol, asyncio.BufferedProtocol)
    return memoryview(protocol.get_buffer(-1)).nbytes


@pytest.mark.parametrize("large", [frame(TEXT, b"x" * 200_000), frame(TEXT, b"a") * 50_000], ids=["one", "many"])
async def test_e13_a_grown_read_buffer_is_given_back(large: bytes) -> None:
    peer = RecordingPeer(echo=True)
    async with socket_server("picows", accepting(peer)) as running:
        client = await running.open()
        await client.send(large)
        await client.text("after")
        await peer.until_told(b"after")
        assert _read_buffer(underlying(running, peer)) < 20_000
        await client.text("and on it goes")
        await peer.until_told(b"and on it goes")


async def test_e13_renewed_in_the_middle_of_a_message() -> None:
    peer = RecordingPeer()
    async with socket_server("picows", accepting(peer)) as running:
        client = await running.open()
        await client.send(frame(TEXT, b"x" * 100_000, fin=False))
        await client.send(frame(PING))
        assert (await client.frame()).opcode == PONG
        await client.send(frame(0, b"y" * 100_000))
        await peer.until(lambda: bool(peer.texts))
        assert peer.texts == [b"x" * 100_000 + b"y" * 100_000]


async def test_a_renewed_socket_still_keeps_the_rules() -> None:
    peer = RecordingPeer()
    async with socket_server("picows", accepting(peer)) as running:
        client = await running.open()
        await client.text(b"x" * MAX_FRAME)
        await client.send(frame(TEXT, b"unmasked", masked=False))
        assert await client.close_code() == 1002
        client.shut()
        await peer.until_closed()
        assert peer.told.count("opened") == 1


async def test_a_ping_is_a_ping_and_its_pong_a_sign_of_life() -> None:
    peer = RecordingPeer()
    async with socket_server("picows", accepting(peer)) as running:
        client = await running.open()
        peer.transport.ping()
        assert (await client.frame()).opcode == PING
        before = peer.signs
        await client.send(frame(PONG))
        await peer.until(lambda: peer.signs > before)


async def test_good_raw_writes_stay_in_order_under_congestion() -> None:
    """What is written while nobody reads arrives whole and in order."""
    peer = RecordingPeer()
    async with socket_server("picows", accepting(peer)) as running:
        client = await running.connect(receive_buffer=65_536)
        await client.ask()
        for number in range(3_000):
            peer.transport.send(Frames((b"%d " % number + b"x" * 500,)))
            peer.transport.ping()
        peer.transport.close(4001, "")
        for number in range(3_000):
            got = await client.frame()
            while got.opcode == PING:
                got = await client.frame()
            assert got.payload.startswith(b"%d " % number)
        assert await client.close_code() == 4001


async def test_the_old_protocol_is_gone_after_the_takeover() -> None:
    """Rule 11."""
    peer = RecordingPeer()
    async with socket_server("picows", accepting(peer)) as running:
        gc.collect()
        gc.disable()  # reference counts alone must do it, or memory waits for the collector
        try:
            client = await running.open()
            await client.text("a")
            await peer.until_told(b"a")
            assert not [one for one in gc.get_objects() if isinstance(one, Takeover)]
            assert not running.server.server_state.connections
        finally:
            gc.enable()


async def test_a_client_that_leaves_during_admission_opens_nothing() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    peer = RecordingPeer()

    async def slow(_request: UpgradeRequest) -> Decision:
        asked.set()
        await go_on.wait()
        return Accept(peer)

    async with socket_server("picows", slow) as running:
        client = await running.connect()
        await client.send(handshake())
        await asked.wait()
        assert running.admission.open == 1
        for connection in list(running.server.server_state.connections):
            connection.transport.abort()
        go_on.set()
        await asyncio.wait_for(client.ended(), 5)
        await running.stop()
        assert peer.told == []
        assert running.admission.open == 0


async def test_bytes_during_a_slow_admission_wait() -> None:
    """Rule 12."""
    go_on = asyncio.Event()
    peer = RecordingPeer()

    async def slow(_request: UpgradeRequest) -> Decision:
        await go_on.wait()
        return Accept(peer)

    async with socket_server("picows", slow) as running:
        client = await running.connect()
        await client.send(handshake() + frame(TEXT, b"one"))
        await client.send(frame(TEXT, b"two") + frame(CLOSE, (1000).to_bytes(2, "big")))
        go_on.set()
        assert (await client.response()).status == 101
        assert await peer.until_closed() == 1000
        assert peer.texts == [b"one", b"two"]


async def test_the_server_goes_down_during_an_admission() -> None:
    asked = asyncio.Event()

    async def endless(_request: UpgradeRequest) -> Decision:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    admission = open_admission(decision_seconds=60)
    async with socket_server("picows", endless, admission=admission) as running:
        client = await running.connect()
        await client.send(handshake())
        await asked.wait()
        await asyncio.wait_for(running.server.shutdown(), 9)
        assert await client.ended()
        assert admission.open == 0
