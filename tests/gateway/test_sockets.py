"""What holds for every socket, on both transports."""

import asyncio

import pytest

from support.sockets import (
    ACCEPT,
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Kind,
    RawSocket,
    RecordingPeer,
    Running,
    accepting,
    frame,
    socket_server,
    turn,
    underlying,
    until,
)
from tertulia.gateway import asgi, sansio, sockets
from tertulia.gateway.lines import KERNEL_BUFFER
from tertulia.gateway.transport import HIGH_WATER, MAX_FRAME, Transport
from tertulia.protocol.frames import Frames

MESSAGE = Frames((b'{"ev":"message"}',))
BIG = Frames((b"x" * 60_000,))


async def test_accepts_with_the_right_answer(kind: Kind) -> None:
    async with socket_server(kind, accepting(RecordingPeer())) as running:
        client = await running.connect()
        response = await client.ask()
        assert response.status == 101
        assert response.headers["sec-websocket-accept"] == ACCEPT
        assert response.headers["upgrade"].lower() == "websocket"
        assert "sec-websocket-protocol" not in response.headers
        assert "sec-websocket-extensions" not in response.headers


async def test_e9_firefox_gets_in(kind: Kind) -> None:
    """Rule 11."""
    async with socket_server(kind, accepting(RecordingPeer(echo=True))) as running:
        client = await running.open(connection="keep-alive, Upgrade")
        await client.text("hola")
        assert (await client.frame()).payload == b"hola"


async def test_e10_a_head_full_of_cookies_and_tokens_gets_in(kind: Kind) -> None:
    """Rule 11."""
    async with socket_server(kind, accepting(RecordingPeer(echo=True), "tertulia.v1")) as running:
        cookies = ("Cookie", "session=" + "c" * 12_000)
        offered = ("Sec-WebSocket-Protocol", "tertulia.v1, bearer." + "t" * 2_000)
        client = await running.connect()
        response = await client.ask(headers=[cookies, offered])
        assert response.status == 101
        assert response.headers["sec-websocket-protocol"] == "tertulia.v1"
        await client.text("hola")
        assert (await client.frame()).payload == b"hola"


async def test_opened_comes_first_and_may_send(kind: Kind) -> None:
    class Greeting(RecordingPeer):
        def opened(self, transport: Transport) -> None:
            super().opened(transport)
            self.transport.send(MESSAGE)

    peer = Greeting()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        assert (await client.frame()).payload == MESSAGE.texts[0]
        await client.text("a")
        await peer.until_told(b"a")
        assert peer.told == ["opened", b"a"]


async def test_bytes_right_behind_the_handshake_are_not_lost(kind: Kind) -> None:
    peer = RecordingPeer(echo=True)
    early = frame(TEXT, b"first") + frame(TEXT, b"e" * 50_000) + frame(TEXT, b"last")
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.connect()
        assert (await client.ask(early=early)).status == 101
        await peer.until(lambda: len(peer.texts) == 3)
        assert [len(text) for text in peer.texts] == [5, 50_000, 4]


async def test_frames_of_many_texts_arrive_one_by_one(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        peer.transport.send(Frames((b"one", b"two" * 100, "tres ñ".encode())))
        assert [(await client.frame()).payload for _ in range(3)] == [b"one", b"two" * 100, "tres ñ".encode()]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, MAX_FRAME])
async def test_texts_of_every_length_class(kind: Kind, size: int) -> None:
    async with socket_server(kind, accepting(RecordingPeer(echo=True))) as running:
        client = await running.open()
        await client.text(b"x" * size)
        got = await client.frame()
        assert (got.opcode, got.fin, len(got.payload)) == (TEXT, True, size)


async def test_frames_arrive_byte_by_byte_and_many_at_once(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        for byte in frame(TEXT, "ñandú".encode()):
            await client.send(bytes([byte]))
        await client.send(b"".join(frame(TEXT, b"%d" % n) for n in range(500)))
        await peer.until(lambda: len(peer.texts) == 501)
        assert peer.texts == ["ñandú".encode(), *(b"%d" % n for n in range(500))]


async def test_e16_fragments_are_joined(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        whole = "año".encode()
        await client.send(frame(TEXT, whole[:2], fin=False) + frame(PING, b"in between"))
        await client.send(frame(CONTINUATION, b"", fin=False) + frame(CONTINUATION, whole[2:]))
        await peer.until_told(whole)
        assert (await client.frame()).payload == b"in between"
        assert peer.texts == [whole]


async def test_e16_a_clients_close_is_answered_with_its_code(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.send(frame(CLOSE, (4711).to_bytes(2, "big") + b"enough"))
        assert await client.close_code() == 4711
        assert await client.ended()
        assert await peer.until_closed() == 4711


@pytest.mark.parametrize("kind", ["picows"])
async def test_our_close_arrives_though_the_peer_closes_too_and_goes_on(kind: Kind) -> None:
    """A reset overtakes what was written before: who sends behind its own close is read, into the void."""
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.send(frame(TEXT, b"{}", rsv=4) + frame(CLOSE, (4711).to_bytes(2, "big")))
        for _ in range(10):
            await turn()
            await client.send(frame(TEXT, b"and another thing"))
        assert await client.close_code() == 1002
        assert await client.ended()
        client.shut()
        assert await peer.until_closed() == 4711


async def test_a_close_without_code(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.send(frame(CLOSE))
        got = await client.frame()
        assert (got.opcode, got.payload) == (CLOSE, b"")
        assert await client.ended()
        assert await peer.until_closed() == 1005


async def test_a_cut_line_is_told_once(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.text("half of this will")
        await client.send(frame(TEXT, b"never arrive")[:5])
        client.cut()
        assert await peer.until_closed() in (1005, 1006)  # servers tell ASGI applications 1005
        assert peer.told[0] == "opened"
        assert len(peer.told) == 3
        assert running.admission.open == 0


async def test_the_server_closes_with_a_code_and_a_reason(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        peer.transport.send(MESSAGE)
        peer.transport.close(4001, "Your token has expired. " + "ñ" * 200)
        assert (await client.frame()).payload == MESSAGE.texts[0]
        got = await client.frame()
        assert got.code == 4001
        assert len(got.payload) <= 125
        assert got.payload[2:].decode().startswith("Your token has expired.")
        await client.send(frame(CLOSE, got.payload[:2]))
        assert await client.ended()
        assert await peer.until_closed() == 4001


async def test_nothing_is_sent_or_received_after_closing(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        transport = peer.transport
        transport.close(4001, "")
        transport.close(4002, "")
        transport.send(MESSAGE)
        transport.ping()
        transport.pause_reading()
        await client.text("too late")
        assert (await client.frame()).code == 4001
        await client.send(frame(CLOSE, (4001).to_bytes(2, "big")))
        assert await client.ended()
        await peer.until_closed()
        transport.abort()
        transport.send(MESSAGE)
        transport.ping()
        transport.resume_reading()
        transport.close(4003, "")
        assert peer.told == ["opened", ("closed", 4001)]
        assert transport.unsent == 0


async def test_a_peer_that_does_not_answer_a_close_is_cut(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        peer.transport.close(4001, "")
        assert await client.close_code() == 4001
        async with asyncio.timeout(5):
            assert await client.ended()
            await peer.until_closed()


async def test_abort_cuts(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        peer.transport.abort()
        assert await peer.until_closed() == 1006
        assert await client.ended()


async def test_signs_of_life_are_told(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        before = peer.signs
        await client.text("a")
        await peer.until(lambda: peer.signs > before)


async def test_binary_is_told_without_its_content(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.send(frame(BINARY, b"\xff\xfe") + frame(BINARY, b"\0", fin=False) + frame(CONTINUATION, b"\1"))
        await client.text("a")
        await peer.until_told(b"a")
        assert peer.told == ["opened", "binary", "binary", b"a"]


async def test_a_clients_ping_is_answered(kind: Kind) -> None:
    async with socket_server(kind, accepting(RecordingPeer())) as running:
        client = await running.open()
        await client.send(frame(PING, b"are you there"))
        got = await client.frame()
        assert (got.opcode, got.payload) == (PONG, b"are you there")


BROKEN = {
    "too large": (frame(TEXT, b"x" * (MAX_FRAME + 1)), 1009),
    "too large, only announced": (frame(TEXT, b"x" * 2 * MAX_FRAME)[:14], 1009),
    "too large, binary": (frame(BINARY, b"x" * (MAX_FRAME + 1)), 1009),
    "too large in pieces": (frame(TEXT, b"x" * MAX_FRAME, fin=False) + frame(CONTINUATION, b"x"), 1009),
    "reserved bit 1": (frame(TEXT, b"a", rsv=4), 1002),
    "reserved bit 2": (frame(TEXT, b"a", rsv=2), 1002),
    "reserved bit 3": (frame(PING, b"a", rsv=1), 1002),
    "unknown opcode": (frame(0x3, b"a"), 1002),
    "unmasked": (frame(TEXT, b"abcd", masked=False), 1002),
    "fragmented ping": (frame(PING, b"a", fin=False), 1002),
    "long ping": (frame(PING, b"a" * 126), 1002),
    "fragment of nothing": (frame(CONTINUATION, b"a"), 1002),
    "message in a message": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    "not UTF-8": (frame(TEXT, b"a\xff"), 1007),
    "half a character": (frame(TEXT, "ñ".encode()[:1]), 1007),
    "surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "not UTF-8 in pieces": (frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"\xff"), 1007),
    "close with half a code": (frame(CLOSE, b"\x03"), 1002),
    "close with a reserved code": (frame(CLOSE, (1005).to_bytes(2, "big")), 1002),
    "close with a reason that is not UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_broken_frames_end_with_a_code_that_arrives(kind: Kind, what: str) -> None:
    data, code = BROKEN[what]
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.send(data)
        assert await client.close_code() == code
        await client.send(frame(CLOSE, code.to_bytes(2, "big")))
        assert await client.ended()
        client.shut()
        assert await peer.until_closed() == code
        assert peer.texts == []
        assert "binary" not in peer.told


async def test_a_code_arrives_while_the_client_is_still_sending(kind: Kind) -> None:
    async with socket_server(kind, accepting(RecordingPeer())) as running:
        client = await running.open()
        client.writer.write(frame(TEXT, b"x" * 4 * MAX_FRAME))
        assert await client.close_code() == 1009


async def test_a_peer_that_raises_ends_with_1011(kind: Kind) -> None:
    class Faulty(RecordingPeer):
        def received(self, text: bytes) -> None:
            raise RuntimeError

    peer = Faulty()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        await client.text("a")
        assert await client.close_code() == 1011
        await client.send(frame(CLOSE, (1011).to_bytes(2, "big")))
        assert await peer.until_closed() == 1011


async def test_a_peer_that_raises_when_opened_and_when_closed(kind: Kind) -> None:
    class Faulty(RecordingPeer):
        def opened(self, transport: Transport) -> None:
            raise RuntimeError

        def closed(self, code: int) -> None:
            super().closed(code)
            raise RuntimeError

    peer = Faulty()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        assert await client.close_code() == 1011
        client.shut()
        await peer.until_closed()


async def test_a_slow_reader_is_told_as_congested_and_later_as_drained(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await _slow_client(running)
        sent = 0
        while peer.transport.unsent <= HIGH_WATER:
            peer.transport.send(BIG)
            sent += 1
            await turn()
        await peer.until_told("congested")
        for _ in range(sent):
            assert len((await client.frame()).payload) == 60_000
        await peer.until_told("drained")
        assert peer.told == ["opened", "congested", "drained"]
        assert peer.transport.unsent == 0


async def test_e12_a_stalled_reader_is_cut_and_its_bytes_are_freed(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours at once, and those that uvicorn holds a moment later."""
    for module in (sockets, asgi, sansio):
        monkeypatch.setattr(module, "LINGER_SECONDS", 0.2)
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        await _slow_client(running)
        for _ in range(40):
            peer.transport.send(BIG)
        transport = peer.transport
        line = underlying(running, peer)
        assert transport.unsent > HIGH_WATER
        await until(lambda: line.get_write_buffer_size() > 0)
        transport.close(4000, "You read too slowly.")
        async with asyncio.timeout(6):
            await peer.until_closed()
        assert transport.unsent == 0
        assert running.admission.open == 0
        await until(lambda: line.get_write_buffer_size() == 0)


async def test_e11_a_flood_of_pings_that_are_never_read_grows_nothing(kind: Kind) -> None:
    peer = RecordingPeer()
    pings = frame(PING, b"p" * 125) * 1_000
    async with socket_server(kind, accepting(peer)) as running:
        client = await _slow_client(running)
        for _ in range(80):  # 10 MB
            await client.send(pings)
        await client.text("done")
        await peer.until_told(b"done")
        unsent = underlying(running, peer).get_write_buffer_size()
        assert HIGH_WATER / 2 < unsent < HIGH_WATER + 2 * KERNEL_BUFFER  # one read more


async def test_reading_pauses_and_goes_on(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer)) as running:
        client = await running.open()
        peer.transport.pause_reading()
        peer.transport.pause_reading()
        client.writer.write(frame(TEXT, b"x" * 100_000) * 100 + frame(TEXT, b"last"))
        async with asyncio.timeout(5):
            await client.until_stuck()
        peer.transport.resume_reading()
        peer.transport.resume_reading()
        await peer.until_told(b"last")
        assert len(peer.texts) == 101


async def _slow_client(running: Running) -> RawSocket:
    """Takes a few kilobytes; the rest stays with the server."""
    client = await running.connect(receive_buffer=65_536)
    assert (await client.ask()).status == 101
    return client
