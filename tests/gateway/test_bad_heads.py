"""E14: what stands around a body and above it, byte by byte, on a whole server: lengths that lie, names, paths, types.

Each is answered with a problem or as what it says, repeats nothing, and somebody else's line is answered as before.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.bad_input import JSON, MEMBERS, SECRET
from support.faults import faults
from support.server import RunningServer, running_server
from support.sockets import RawSocket, Response

module_loop = pytest.mark.asyncio(loop_scope="module")
BODY = b'{"name":"a room"}'


def get(*headers: str | bytes, line: str = "GET /api/v1/me", body: bytes = b"") -> bytes:
    """With the headers that it needs, but for those of its body."""
    raw = [each if isinstance(each, bytes) else each.encode("latin-1") for each in (line, "Host: localhost", *headers)]
    raw[0] += b" HTTP/1.1"
    return b"\r\n".join([*raw, b"", body])


def post(*headers: str | bytes, body: bytes = BODY, kind: str = JSON) -> bytes:
    return get(f"Content-Type: {kind}", *headers, line="POST /api/v1/rooms", body=body)


SIZE = f"Content-Length: {len(BODY)}"
REQUESTS: dict[str, tuple[bytes, int]] = {
    "length too short": (post("TOKEN", "Content-Length: 5"), 400),
    "length too long": (post("TOKEN", "Content-Length: 50"), 0),
    "length negative": (post("TOKEN", "Content-Length: -1"), 400),
    "length with a sign": (post("TOKEN", f"Content-Length: +{len(BODY)}"), 400),
    "length in hexadecimal": (post("TOKEN", "Content-Length: 0x11"), 400),
    "length of 30 digits": (post("TOKEN", "Content-Length: " + "9" * 30), 400),
    "length of 2**64": (post("TOKEN", f"Content-Length: {2**64}"), 400),
    "length of a terabyte": (post("TOKEN", f"Content-Length: {2**40}"), 413),
    "length twice": (post("TOKEN", SIZE, SIZE), 400),
    "length twice, different": (post("TOKEN", SIZE, "Content-Length: 5"), 400),
    "length empty": (post("TOKEN", "Content-Length: "), 400),
    "length and chunks": (post("TOKEN", SIZE, "Transfer-Encoding: chunked"), 400),
    "chunks and gzip": (post("TOKEN", "Transfer-Encoding: chunked, gzip"), 400),
    "chunks that are none": (post("TOKEN", "Transfer-Encoding: chunked", body=b"zz\r\n"), 400),
    "chunk of 2**64": (post("TOKEN", "Transfer-Encoding: chunked", body=b"1" + b"0" * 16 + b"\r\n"), 400),
    "without a length": (post("TOKEN"), 400),
    "gzip": (post("TOKEN", SIZE, "Content-Encoding: gzip", body=b"\x1f\x8b\x08\0" + BODY[4:]), 400),
    "Latin-1 that says so": (
        post("TOKEN", "Content-Length: 12", body=b'{"name":"\xe9"}', kind=f"{JSON}; charset=latin-1"),
        400,
    ),
    "type of a megabyte": (post("TOKEN", SIZE, kind="x" * 15_000), 415),
    "type that is no type": (post("TOKEN", SIZE, kind='application/json"; \x01'), 400),
    "a body on GET": (get("TOKEN", SIZE, body=BODY), 200),
    "a name with a space": (get("TOKEN", f"X {SECRET}: 1"), 400),
    "a name that is empty": (get("TOKEN", f": {SECRET}"), 400),
    "a line without a colon": (get("TOKEN", SECRET), 400),
    "a folded line": (get("TOKEN", "X-A: 1\r\n b"), 400),
    "a NUL in a value": (get("TOKEN", b"X-A: \x00"), 400),
    "a bare CR in a value": (get("TOKEN", b"X-A: a\rb"), 400),
    "no host": (b"GET /api/v1/me HTTP/1.1\r\n\r\n", 400),
    "a host of others": (get("TOKEN").replace(b"localhost", SECRET.encode()), 400),
    "no version": (b"GET /api/v1/me\r\n\r\n", 400),
    "a version to come": (b"GET /api/v1/me HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
    "no method": (get(line=" /api/v1/me"), 400),
    "a method that is none": (get("TOKEN", line="g\xe9t /api/v1/me"), 400),
    "a path that is none": (get("TOKEN", line="GET api/v1/me"), 400),
    "a path in Latin-1": (get("TOKEN", line="GET /api/v1/rooms/\xe9"), 400),
    "a surrogate in the path": (get("TOKEN", line="GET /api/v1/rooms/%ED%A0%80"), 404),
    "a NUL in the path": (get("TOKEN", line="GET /api/v1/rooms/%00"), 404),
    "half an escape in the path": (get("TOKEN", line="GET /api/v1/rooms/%"), 404),
    "a surrogate in the query": (get("TOKEN", line="GET /api/v1/users?q=%ED%A0%80"), 200),
    "a NUL in the query": (get("TOKEN", line="GET /api/v1/users?q=%00"), 400),
    "dots": (get("TOKEN", line="GET /api/v1/../../etc/passwd"), 404),
    "another's address": (get("TOKEN", line=f"GET http://{SECRET}/api/v1/me"), 200),
    "no token": (get(), 401),
    "an empty token": (get("Authorization: Bearer "), 401),
    "a token in Latin-1": (get("Authorization: Bearer \xe9"), 401),
    "a token with dots": (get("Authorization: Bearer ..."), 401),
    "a token of objects": (get("Authorization: Bearer e30.e30.e30"), 401),
    "a long token": (get("Authorization: Bearer " + SECRET * 800), 401),
    "another scheme": (get("Authorization: Basic YTpi"), 401),
}
"""The bytes, and the status of the answer; 0: none, the client ends in the middle. `TOKEN` stands for a good one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["picows", "asgi"])
async def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path_factory.mktemp("heads"), sockets=request.param) as server:
        yield server


@module_loop
async def test_heads_and_bodies_as_nobody_should_send_them(server: RunningServer) -> None:
    ana, eve = await server.guests("ana", "eve")
    token = f"Authorization: Bearer {ana.tokens['access']}".encode()
    with faults() as seen:
        seen.watch(asyncio.get_running_loop())
        async with eve.socket() as witness:
            for what, (data, status) in REQUESTS.items():
                check(await ask(server, data.replace(b"TOKEN", token), status), status, what)
            assert set(await witness.ask("ping")) == {"re"}
        seen.check()


async def ask(server: RunningServer, data: bytes, status: int) -> Response | None:
    """The first answer; None: the line ended without."""
    client = RawSocket(*await asyncio.open_connection("127.0.0.1", server.port))
    try:
        client.writer.write(data)
        if status == 0:
            client.writer.write_eof()
        async with asyncio.timeout(5):
            return await client.response()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    finally:
        client.cut()


def check(answer: Response | None, status: int, what: str) -> None:
    assert (answer.status if answer else 0) == status, what
    if answer is not None:
        assert SECRET.encode() not in answer.body, what
        if status >= 400:
            problem = json.loads(answer.body)
            assert set(problem) <= MEMBERS, what
            assert problem["status"] == status, what
            assert answer.headers["content-type"] == "application/problem+json"
