"""Rules 10 and 11: any bytes behind the handshake, in any pieces, through the real takeover; and the same on ASGI.

What was said in good order is answered, in order and once, all of it if the line goes on. What ends it, ends it with a
code of the table; what was said before that is answered, too, unless its answer waits for something (a `hello`, every
answer on ASGI) or the next frame's head breaks the protocol. Nothing is logged as an error, and another line is
answered as before.
"""

import asyncio
import json
from collections.abc import Collection, Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import example, given, note
from hypothesis import strategies as st

from support.faults import Faults, faults
from support.proving import count, examples
from support.server import running_server
from support.sockets import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Kind, RawSocket, frame, handshake, turn
from tertulia.domain.errors import CloseCode
from tertulia.gateway.transport import MAX_FRAME

ASKED = b'{"cmd":"ping","id":%d}'
CODES = {code.value for code in CloseCode} - {CloseCode.INTERNAL.value}
PROTOCOL, BINARY_FRAME, NOT_UTF8, TOO_BIG = {1002}, {1003}, {1007}, {1009}

BROKEN: list[tuple[bytes, set[int]]] = [
    (frame(TEXT, b"{}", rsv=4), PROTOCOL),
    (frame(TEXT, b"{}", rsv=2), PROTOCOL),
    (frame(PING, b"", rsv=1), PROTOCOL),
    (frame(TEXT, b"{}", masked=False), PROTOCOL),
    (frame(0x3, b"a"), PROTOCOL),
    (frame(0xF, b"a"), PROTOCOL),
    (frame(PING, b"a", fin=False), PROTOCOL),
    (frame(PING, b"a" * 126), PROTOCOL),
    (frame(CLOSE, b"\x03"), PROTOCOL),
    (frame(CLOSE, (1006).to_bytes(2, "big")), PROTOCOL),
    (frame(CLOSE, b"\x03\xe8\xff"), NOT_UTF8),
    (frame(BINARY, b"{}"), BINARY_FRAME),
    (frame(TEXT, b'"\xff"'), NOT_UTF8),
    (frame(TEXT, b'"\xed\xa0\x80"'), NOT_UTF8),
    (frame(TEXT, b'"\xe2\x82'), NOT_UTF8),
    (frame(TEXT, b" " * (MAX_FRAME + 1)), TOO_BIG),
    (b"\x81\xff" + (2**63 - 1).to_bytes(8, "big") + b"mask", TOO_BIG | PROTOCOL),
    (b"\x81\xff" + (2**64 - 1).to_bytes(8, "big") + b"mask", TOO_BIG | PROTOCOL),
]
"""What ends a connection whenever no message is under way, and how it may end."""
INSIDE: list[tuple[bytes, set[int]]] = [
    (frame(TEXT, b"{}"), PROTOCOL),
    (frame(CONTINUATION, b" " * MAX_FRAME), TOO_BIG),
    (frame(CONTINUATION, b"\xff"), NOT_UTF8),
    (frame(CONTINUATION, b"", rsv=4), PROTOCOL),
]
"""What ends it when a message is under way that fragments were sent of."""
CONTROL = [frame(PING), frame(PING, b"p" * 125), frame(PONG, b"unasked")]


CLOSES = [(b"", 0), ((1000).to_bytes(2, "big"), 1000), ((4711).to_bytes(2, "big") + b"enough", 4711)]
ANY = frozenset([*CODES, *(code for _, code in CLOSES), None])

Piece = tuple[str, Any]
"""A method of `Script` and what it takes; a number of the tables above, which are too long to be shown."""
ASK = st.tuples(
    st.just("ask"), st.tuples(st.lists(st.integers(0, 20), max_size=4).map(sorted), st.sampled_from([b"", *CONTROL]))
)
CALM = st.one_of(ASK, st.tuples(st.just("control"), st.sampled_from(CONTROL)))
END = st.one_of(
    st.tuples(st.just("broken"), st.sampled_from(range(len(BROKEN)))),
    st.tuples(st.just("inside"), st.sampled_from(range(len(INSIDE)))),
    st.tuples(st.just("close"), st.sampled_from(CLOSES)),
    st.tuples(st.just("garbage"), st.binary(min_size=1, max_size=60)),
)
PIECES = st.one_of(
    st.lists(CALM, min_size=1, max_size=12),
    st.builds(lambda before, end, after: [*before, end, *after], st.lists(CALM), END, st.lists(st.one_of(CALM, END))),
)


class Script:
    """The bytes, the ids of what they ask in good order, and the codes with which the connection may end by them.

    `sure`: how many of them must be answered before an end with a code. What comes behind a hello waits for the
    database, and so for no end.
    """

    def __init__(self, pieces: list[Piece], *, hello: bool) -> None:
        self.pieces = pieces
        self.data = frame(TEXT, b'{"cmd":"hello","id":1}') if hello else b""
        self.asked = [1] if hello else []
        self._says_hello = hello
        self.sure = 0
        self.ends: frozenset[int | None] | None = None
        self.is_garbage = False
        for number, (kind, what) in enumerate(pieces, 2):
            getattr(self, kind)(number, what)
        if self.ends is None:
            self.ask(len(pieces) + 2, ([], b""))

    def ask(self, number: int, how: tuple[list[int], bytes]) -> None:
        """In fragments, with a control frame between them."""
        cuts, between = how
        text = ASKED % number
        places = [0, *cuts, len(text)]
        for opcode, start, end in zip([TEXT, *[CONTINUATION] * len(cuts)], places, places[1:], strict=False):
            self.data += frame(opcode, text[start:end], fin=end == len(text)) + between
        if self.ends is None:
            self.asked.append(number)

    def control(self, _number: int, data: bytes) -> None:
        self.data += data

    def broken(self, _number: int, which: int) -> None:
        self._end(*BROKEN[which])

    def inside(self, _number: int, which: int) -> None:
        data, codes = INSIDE[which]
        self._end(frame(TEXT, b"{", fin=False) + data, codes)

    def close(self, _number: int, what: tuple[bytes, int]) -> None:
        """Who goes on after that may not hear the answer, for the line is reset, or is told that this is wrong."""
        self._end(frame(CLOSE, what[0]), {what[1], 1002, None}, undone=0)

    def garbage(self, _number: int, data: bytes) -> None:
        self.is_garbage = True
        self._end(data, ANY)

    def _end(self, data: bytes, codes: Collection[int | None], *, undone: int = 1) -> None:
        """Of two that break the protocol either may be told: picows looks at the next frame's head first. So one
        question that stands before a wrong head may be `undone`.
        """
        if self.ends is None and not self._says_hello:
            self.sure = len(self.asked) - undone
        self.data += data
        self.ends = (self.ends or frozenset()) | frozenset(codes)


class World:
    def __init__(self, seen: Faults, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.seen = seen
        seen.watch(loop)
        self._stack = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def start(self, folder: Path, kind: Kind) -> None:
        self.kind = kind
        self.server = await self._stack.enter_async_context(
            running_server(folder, sockets=kind, connections_per_user=100_000)
        )
        self.ana, eve = await self.server.guests("ana", "eve")
        self.witness = await self._stack.enter_async_context(eve.socket())

    async def check(self) -> None:
        assert set(await self.witness.ask("ping")) == {"re"}
        self.seen.check()

    async def stop(self) -> None:
        await self._stack.aclose()


@pytest.fixture(scope="module", params=["picows", "asgi"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with faults() as seen:
        world = World(seen, uvloop.new_event_loop())
        world.run(world.start(tmp_path_factory.mktemp("lines"), request.param))
        yield world
        world.run(world.stop())
        world.loop.close()


def test_any_bytes_in_any_pieces(world: World) -> None:
    @examples(100, 1, many=11_000)
    @given(PIECES, st.booleans(), st.booleans(), st.lists(st.integers(1, 500), max_size=6))
    @example([("ask", ([], b"")), ("close", CLOSES[1])], False, False, [])  # asked and left in one go
    def send(pieces: list[Piece], hello: bool, early: bool, sizes: list[int]) -> None:
        world.run(_send(world, Script(pieces, hello=hello), sizes, early=early))

    send()


async def _send(world: World, script: Script, sizes: list[int], *, early: bool) -> None:
    client = RawSocket(*await asyncio.open_connection("127.0.0.1", world.server.port))
    chunks = _chunks(script.data, sizes)
    try:
        async with asyncio.timeout(20):
            await client.send(handshake(headers=world.ana.headers.items()) + (chunks.pop(0) if early else b""))
            assert (await client.response()).status == 101
            await _write(client, chunks, half_closed=script.is_garbage)
            replies, code, down = await _read(client, script)
    finally:
        client.cut()
    note(f"{script.pieces}, in pieces of {sizes}; answered {replies}, then {code}, {down!r}")
    await world.check()
    _judge(world, script, replies, code)
    count("frames", len(script.asked))


async def _write(client: RawSocket, chunks: list[bytes], *, half_closed: bool) -> None:
    """`half_closed`: the server may be waiting for the rest of a frame."""
    with suppress(RuntimeError, OSError):  # the line is down
        for chunk in chunks:
            client.writer.write(chunk)
            await turn()
        if half_closed:
            client.writer.write_eof()


def _chunks(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


async def _read(client: RawSocket, script: Script) -> tuple[list[int], int | None, Exception | None]:
    """The ids that were answered, and the code of the end, if it came to one, or how the line broke."""
    replies: list[int] = []
    try:
        while script.ends is not None or len(replies) < len(script.asked):
            got = await client.frame()
            if got.opcode == CLOSE:
                return replies, got.code, None
            if got.opcode == TEXT and isinstance(number := json.loads(got.payload).get("re"), int):
                replies.append(number)
    except (asyncio.IncompleteReadError, OSError) as error:  # half-closing a line that is down says ENOTCONN
        return replies, None, error
    return replies, None, None


def _judge(world: World, script: Script, replies: list[int], code: int | None) -> None:
    assert len(set(replies)) == len(replies)
    if script.ends is None:
        assert replies == script.asked
        return
    assert code in script.ends or (code is None and world.kind == "asgi"), code  # who goes on may be reset there
    if script.is_garbage:
        return  # garbage may have been a question by chance
    assert replies == script.asked[: len(replies)], (replies, script.asked)
    if world.kind == "picows" and code is not None:
        assert len(replies) >= script.sure, (replies, script.asked, script.sure)
