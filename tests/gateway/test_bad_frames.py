"""Frames as clients send them by mistake, by accident, or to hurt, on both transports.

Each is refused with a stable code, repeats nothing of what it was given, and the line lives, unless the protocol says
otherwise.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio

from support.bad_input import SECRET
from support.faults import faults
from support.node import Line, node
from support.server import RunningServer as Server
from support.server import Socket, running_server
from support.sockets import CLOSE, PING, TEXT, Kind, RecordingPeer, accepting, frame, socket_server
from tertulia.gateway.connection import Connection
from tertulia.protocol.asyncapi import COMMANDS
from tertulia.protocol.frames import Frames

module_loop = pytest.mark.asyncio(loop_scope="module")

ROOM = "0197a1b0-0000-7000-8000-000000000001"
VALID: dict[str, dict[str, Any]] = {
    "hello": {"token": "t", "boot": ROOM, "resume": {ROOM: 1}, "read": {ROOM: 1}},
    "post": {"room": ROOM, "body": "hi", "client_id": "k", "reply_to": 1, "metadata": {"a": 1}},
    "edit": {"room": ROOM, "index": 1, "body": "hi"},
    "delete": {"room": ROOM, "index": 1},
    "react": {"room": ROOM, "index": 1, "emoji": "👍", "on": True},
    "read": {"room": ROOM, "index": 1, "delivered": 1},
    "typing": {"room": ROOM, "on": True},
    "history": {"room": ROOM, "before": 1, "limit": 1},
    "subscribe": {"room": ROOM, "seq": 1},
    "unsubscribe": {"room": ROOM},
    "join": {"room": ROOM},
    "leave": {"room": ROOM},
    "add": {"room": ROOM, "user": ROOM, "role": "admin"},
    "remove": {"room": ROOM, "user": ROOM},
    "role": {"room": ROOM, "user": ROOM, "role": "admin"},
    "transfer": {"room": ROOM, "user": ROOM},
    "mute": {"room": ROOM, "user": ROOM, "seconds": 60},
    "me": {"room": ROOM, "notify": "all", "hidden": True, "unread_from": 1},
    "ban": {"room": ROOM, "user": ROOM, "reason": "x"},
    "unban": {"room": ROOM, "user": ROOM},
    "pin": {"room": ROOM, "index": 1, "on": True},
    "change": {
        "room": ROOM, "name": "x", "title": "x", "description": "x", "metadata": {"a": 1},
        "archived": True, "slow_mode": 5, "retention_days": 5,
    },
    "delete_room": {"room": ROOM},
    "presence": {"status": "away"},
    "refresh": {"token": "t"},
    "ping": {},
}  # fmt: skip
ELSEWHERE = {"mute": {"until"}, "history": {"after", "around"}}
"""Fields that cannot stand beside one that is there."""
REQUIRED = {
    name: {field for field, info in kind.model_fields.items() if info.is_required()}  # type: ignore[attr-defined]
    for name, kind in COMMANDS.items()
}
CODES = {"invalid", "invalid_text", "too_long"}
"""Of what can be read, but is not as it should be."""
STRANGE = ("a\x00b", "\x1b[31m", "")
"""Texts that are no worse JSON than others: a NUL, what colours a terminal, and nothing."""
NOBODYS, CHOICE = ("not_found",) * 3, ("invalid",) * 3
ANSWERS: dict[str, tuple[str | None, str | None, str | None]] = {
    "room": NOBODYS, "user": NOBODYS, "token": ("unauthorized",) * 3,
    "role": CHOICE, "notify": CHOICE, "status": CHOICE, "until": ("invalid_text", "invalid", "invalid"),
    "emoji": ("invalid_text", "invalid", "invalid"), "name": ("invalid_text", "invalid", "invalid"),
    "title": ("invalid_text", "invalid", None), "boot": ("invalid_text", None, None),
    "body": ("invalid_text", None, "invalid"), "client_id": ("invalid_text", None, "invalid"),
    "reason": ("invalid_text", None, None), "description": ("invalid_text", None, None),
}  # fmt: skip
"""What each of `STRANGE` gets in a field; None: it is taken."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["picows", "asgi"])
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp(request.param)
    async with running_server(directory, sockets=request.param) as server:
        yield server


@pytest.fixture(params=["picows", "asgi"])
def sockets(request: pytest.FixtureRequest) -> Literal["picows", "asgi"]:
    kind: Literal["picows", "asgi"] = request.param
    return kind


def wrong_values(field: str, value: Any) -> list[Any]:
    """Of another type, out of range, or too much; what is null or left out is looked at elsewhere."""
    any_type: list[Any] = [[SECRET], {SECRET: SECRET}, 1.5, -1, 2**63, 10**400, "1" if isinstance(value, int) else 1]
    match value:
        case bool():
            return [*any_type, "true", 0, 1]
        case int():
            return [*any_type, True, f"{SECRET}", 1.0, -0.0, 1e3, float("nan"), float("inf"), ""]
        case dict() if field == "metadata":
            deep: Any = {}
            for _ in range(20):
                deep = {"a": deep}
            texts: list[Any] = [{SECRET: "\x00"}, {"\x00": SECRET}, {"a": "\ud800"}, {"\ud800": 1}, {"a": "x" * 5_000}]
            return [[SECRET], SECRET, 1, deep, {"a": float("nan")}, {"a": [float("inf")]}, *texts]
        case dict():
            bad_keys: list[Any] = [{"x" * 65: 1}, {f"{n}": 1 for n in range(2_001)}]
            return [[SECRET], SECRET, 1, {ROOM: -1}, {ROOM: "1"}, {ROOM: None}, {ROOM: 2**63}, *bad_keys]
        case _:
            return [*any_type, True, SECRET * 2_000]


def bad_commands() -> list[tuple[str, dict[str, Any]]]:
    """(what is wrong, frame without id)"""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, fields in VALID.items():
        good = {"cmd": name, **fields}
        found.append((f"{name} with an unknown field", {**good, "unknown": SECRET}))
        found.append((f"{name} with a lone surrogate as a field", {**good, "\ud800": 1}))
        for field, value in fields.items():
            if field in REQUIRED[name]:
                found.append((f"{name} without {field}", {key: good[key] for key in good if key != field}))
                found.append((f"{name} with {field} null", {**good, field: None}))
            found += [
                (f"{name} with {field} {str(bad)[:40]}", {**good, field: bad}) for bad in wrong_values(field, value)
            ]
            if isinstance(value, str):
                found.append((f"{name} with a lone surrogate in {field}", {**good, field: "a\ud800b"}))
    found += [("an empty body", {"cmd": "post", "room": ROOM, "body": ""})]
    found += [("a NUL", {"cmd": "post", "room": ROOM, "body": f"{SECRET}\x00"})]
    found += [("no emoji", {"cmd": "react", "room": ROOM, "index": 1, "emoji": SECRET})]
    found += [("index 0", {"cmd": "edit", "room": ROOM, "index": 0, "body": "hi"})]
    return found


def test_every_field_is_there() -> None:
    for name, kind in COMMANDS.items():
        assert {*VALID[name], *ELSEWHERE.get(name, ()), "cmd", "id"} == set(kind.model_fields)  # type: ignore[attr-defined]


@module_loop
async def test_every_field_of_every_command(server: Server) -> None:
    [ana] = await server.guests("ana")
    async with ana.socket() as socket:
        for number, (what, frame) in enumerate(bad_commands()):
            await socket.send_raw(json.dumps({**frame, "id": number}))
            reply = await socket.receive()
            assert reply["re"] == number, what
            error = reply["error"]
            assert error["code"] in CODES, (what, error)
            assert SECRET not in json.dumps(reply), what
            assert len(json.dumps(reply)) < 4_096, what
            if error["code"] == "invalid":
                assert error["message"], what
        assert set(await socket.ask("ping")) == {"re"}


def strange_commands(room: str, user: str) -> list[tuple[dict[str, Any], str, str | None]]:
    """(command, its field with a strange text, the code it gets): each text field of each command but `hello`."""
    good = {"room": room, "user": user, "archived": False, "slow_mode": 0}
    found = []
    for name, fields in {**VALID, "mute until": {"room": ROOM, "user": ROOM, "until": "x"}}.items():
        command = {"cmd": name.split()[0], **fields, **{field: good[field] for field in good if field in fields}}
        for field in [field for field, value in fields.items() if isinstance(value, str) and name != "hello"]:
            # One may follow, and cease to follow, what is not there: the answer to the one is `gone`.
            codes = (None,) * 3 if name in {"subscribe", "unsubscribe"} else ANSWERS[field]
            found += [({**command, field: text}, field, code) for text, code in zip(STRANGE, codes, strict=True)]
    return found


@module_loop
async def test_strange_texts_in_every_text_field_are_taken_or_refused(server: Server) -> None:
    ana, ben, witness = await server.guests("ana", "ben", "witness")
    room = await server.room(ana, witness)
    with faults() as seen:
        async with ana.socket() as socket, witness.socket() as other:
            await socket.ask("post", room=room, body="hi")
            for command, field, code in strange_commands(room, ben.id):
                reply = await socket.ask(**command)
                assert reply.get("error", {}).get("code") == code, (command, reply)
                if code == "invalid":
                    assert set(reply["error"]["fields"]) == {field}, (command, reply)
                if command["cmd"] == "subscribe":
                    assert await socket.event("gone") == {"ev": "gone", "room": command["room"]}
            assert set(await socket.ask("ping")) == {"re"}
            coloured = await other.until(lambda frame: frame.get("message", {}).get("body") == STRANGE[1])
            assert coloured["ev"] == "message"
            described = await other.until(lambda frame: frame.get("settings", {}).get("description") == STRANGE[1])
            assert described["ev"] == "room"
            assert set(await other.ask("ping")) == {"re"}
        seen.check()


@module_loop
async def test_strange_texts_in_hello(server: Server) -> None:
    """A token that is none ends the line; cursors of what is not there do not matter."""
    [ana] = await server.guests("ana")
    with faults() as seen:
        for text, code in zip(STRANGE, ANSWERS["boot"], strict=True):
            async with server.socket() as socket:
                await socket.send(cmd="hello", id=1, token=text)
                await socket.event("bye", code=4500)
                assert await socket.closed() == 4500
            async with server.socket(ana.headers) as socket:
                cursors = {"resume": {text: 1}, "read": {text: 1}}
                reply = await socket.ask("hello", boot=text, **cursors)
                assert reply.get("error", {}).get("code") == code, (text, reply)
                if code is not None:
                    assert "error" not in await socket.ask("hello", **cursors)
                await socket.event("ready")
                assert set(await socket.ask("ping")) == {"re"}
        seen.check()


@module_loop
async def test_ids_that_are_none(server: Server) -> None:
    [ana] = await server.guests("ana")
    async with ana.socket() as socket:
        bad: Any
        for bad in (-1, 2**53 + 1, 10**30, 1.5, "1", True, [], {}, SECRET):
            await socket.send_raw(json.dumps({"cmd": "ping", "id": bad}))
            reply = await socket.receive()
            assert (reply["re"], reply["error"]["code"]) == (None, "invalid"), bad
            assert set(reply["error"]["fields"]) == {"id"}
        for good in (0, 2**53):
            await socket.send(cmd="ping", id=good)
            assert await socket.receive() == {"re": good}


@module_loop
async def test_of_a_field_that_stands_there_twice_the_last_one_counts(server: Server) -> None:
    """For all who read it: else one looks at one `cmd`, or answers one `id`, and another at the other."""
    [ana] = await server.guests("ana")
    async with ana.socket() as socket:
        await socket.send_raw('{"cmd":"post","cmd":"ping","id":1,"id":2}')
        assert await socket.receive() == {"re": 2}
        await socket.send_raw('{"cmd":"ping","cmd":"post","id":1,"id":2}')
        reply = await socket.receive()
        assert (reply["re"], set(reply["error"]["fields"])) == (2, {"room", "body"})
        await socket.send_raw('{"cmd":"ping","id":1,"id":1.5}')
        assert (await socket.receive())["re"] is None


NOT_COMMANDS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "invalid_json"),
    "white space": (b"  \n", "invalid_json"),
    "no JSON": (f"ping {SECRET}".encode(), "invalid_json"),
    "half": (b'{"cmd":"ping","id":1', "invalid_json"),
    "twice": (b'{"cmd":"ping"}{"cmd":"ping"}', "invalid_json"),
    "a NUL": (b"\x00", "invalid_json"),
    "a control character": (b'{"cmd":"p\x01ng"}', "invalid_json"),
    "a lone surrogate": (b'{"cmd":"post","room":"x","body":"\\ud800"}', "invalid_text"),
    "half a surrogate": (b'{"cmd":"post","room":"x","body":"\\ud8', "invalid_json"),
    "deep lists": (b"[" * 100_000, "invalid_json"),
    "deep lists, closed": (b"[" * 100_000 + b"]" * 100_000, "invalid_json"),
    "deep objects": (b'{"cmd":' * 30_000, "invalid_json"),
    "deep inside": (b'{"cmd":"ping","id":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json"),
    "null": (b"null", "invalid"),
    "a list": (b'[{"cmd":"ping"}]', "invalid"),
    "a text": (b'"ping"', "invalid"),
    "a number": (b"7", "invalid"),
    "no cmd": (b"{}", "unknown_command"),
    "cmd null": (b'{"cmd":null}', "unknown_command"),
    "cmd a number": (b'{"cmd":7}', "unknown_command"),
    "cmd a list": (b'{"cmd":["ping"]}', "unknown_command"),
    "cmd unknown": (f'{{"cmd":"{SECRET}"}}'.encode(), "unknown_command"),
    "cmd in capitals": (b'{"cmd":"PING"}', "unknown_command"),
    "cmd with a NUL": (b'{"cmd":"ping\\u0000"}', "unknown_command"),
    "an event": (b'{"ev":"message"}', "unknown_command"),
    "many fields": (b'{"cmd":"ping",' + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}", "invalid"),
    "many digits": (b'{"cmd":"ping","id":' + b"9" * 5_000 + b"}", "invalid_json"),
    "NaN": (b'{"cmd":"ping","id":NaN}', "invalid"),
    "a huge number": (b'{"cmd":"ping","id":1e400}', "invalid"),
}


@module_loop
async def test_what_is_no_command_at_all(server: Server) -> None:
    [ana] = await server.guests("ana")
    async with ana.socket() as socket:
        for what, (text, code) in NOT_COMMANDS.items():
            await socket.line.send(text, text=True)
            reply = await socket.receive()
            assert (reply["re"], reply["error"]["code"]) == (reply["re"], code), what
            assert SECRET not in json.dumps(reply), what
            assert len(json.dumps(reply)) < 4_096, what
        assert set(await socket.ask("ping")) == {"re"}


@module_loop
async def test_the_same_before_hello(server: Server) -> None:
    async with server.socket() as socket:
        for what, (text, code) in NOT_COMMANDS.items():
            await socket.line.send(text, text=True)
            assert (await socket.receive())["error"]["code"] == code, what
        for name, fields in VALID.items():
            if name != "hello":
                await socket.send(cmd=name, id=1, **fields)
                assert (await socket.receive())["error"]["code"] == "hello_expected", name


@module_loop
@pytest.mark.parametrize("said_hello", [True, False])
@pytest.mark.parametrize(
    ("payload", "is_text", "close"),
    [
        pytest.param(b'{"cmd":"ping"}', False, 1003, id="binary"),
        pytest.param(b"", False, 1003, id="empty binary"),
        pytest.param(b'{"cmd":"\xff\xfe"}', True, 1007, id="not UTF-8"),
        pytest.param(b'{"cmd":"\xed\xa0\x80"}', True, 1007, id="a surrogate in UTF-8"),
        pytest.param(b'{"cmd":"\xe2\x82', True, 1007, id="half a character"),
        pytest.param(b'{"cmd":"' + b"x" * (256 * 1024), True, 1009, id="too large"),
        pytest.param(b"x" * (1024 * 1024), False, 1009, id="too large and binary"),
    ],
)
async def test_frames_that_end_the_connection(
    server: Server, payload: bytes, is_text: bool, close: int, said_hello: bool
) -> None:
    [ana] = await server.guests("ana")
    async with server.socket(ana.headers) as socket:
        if said_hello:
            await socket.hello()
        await socket.line.send(payload, text=is_text)
        assert await socket.closed() == close


@module_loop
async def test_the_largest_frame_is_taken(server: Server) -> None:
    """16,384 characters, each written as two escapes, are less than 256 KiB."""
    [ana] = await server.guests("ana")
    room = await server.room(ana)
    body = "\U0001f600" * 16_384
    async with ana.socket() as socket:
        assert len(json.dumps(body)) > 190_000
        reply = await socket.ask("post", room=room, body=body)
        assert reply["message"]["body"] == body


@module_loop
async def test_ids_of_others_and_ids_of_nothing_get_the_same_answer(server: Server) -> None:
    """Promise 7."""
    ana, eve = await server.guests("ana", "eve")
    private = await server.room(ana, kind="private")
    async with ana.socket() as a, eve.socket() as socket:
        await a.ask("post", room=private, body="secret", client_id="k")
        for name in set(VALID) - {"hello", "subscribe", "unsubscribe", "presence", "refresh", "ping"}:
            answers = []
            for room in (private, ROOM):
                reply = await socket.ask(name, **{**VALID[name], "room": room})
                answers.append(reply["error"])
            assert answers[0] == answers[1], name
            assert answers[0]["code"] == "not_found", name
        for room in (private, ROOM):
            await socket.ask("subscribe", room=room, seq=0)
            assert await socket.event("gone") == {"ev": "gone", "room": room}


async def test_a_flood_is_slowed_down_and_then_ended(tmp_path: Path, sockets: Literal["picows", "asgi"]) -> None:
    async with running_server(tmp_path, sockets=sockets, command_rate=5) as server:
        [ana] = await server.guests("ana")
        async with ana.socket() as socket:
            for _ in range(250):
                await socket.send_raw('{"cmd":"ping","id":1}')
            replies = [await socket.receive() for _ in range(50)]
            refusals = [reply["error"] for reply in replies if "error" in reply]
            assert len(refusals) > 35
            assert {error["code"] for error in refusals} == {"rate_limited"}
            assert all(0 < error["retry_after"] <= 1 for error in refusals)
            bye = await socket.event("bye")
            assert (bye["code"], bye["reconnect_in"]) == (4003, 30)
            assert await socket.closed() == 4003


async def test_what_cannot_be_read_counts_too(tmp_path: Path, sockets: Literal["picows", "asgi"]) -> None:
    async with running_server(tmp_path, sockets=sockets, command_rate=5) as server, server.socket() as socket:
        for _ in range(250):
            await socket.send_raw("{")
        await socket.event("bye", code=4003)
        assert await socket.closed() == 4003


async def test_posts_have_a_limit_of_their_own(tmp_path: Path, sockets: Literal["picows", "asgi"]) -> None:
    """Promise 3: a repeated client_id is answered whatever the limits say."""
    async with running_server(tmp_path, sockets=sockets, post_rate=0.01, post_burst=3) as server:
        [ana] = await server.guests("ana")
        room = await server.room(ana)
        async with ana.socket() as socket:
            await post_until_refused(socket, room)
            again = await socket.ask("post", room=room, body="0", client_id="k0")
            assert again["duplicate"] is True
            fresh = await socket.ask("post", room=room, body="new", client_id="new")
            assert fresh["error"]["code"] == "rate_limited"
            assert set(await socket.ask("ping")) == {"re"}


async def post_until_refused(socket: Socket, room: str) -> None:
    for number in range(3):
        assert "message" in await socket.ask("post", room=room, body=str(number), client_id=f"k{number}")
    error = (await socket.ask("post", room=room, body="too much"))["error"]
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after"] <= 100


class Hurried(Line):
    """Says one thing more as soon as `ready` is out, before those that waited for it have their turn."""

    hurry = True

    def send(self, frames: Frames) -> None:
        super().send(frames)
        if self.hurry and self.events("ready"):
            self.hurry = False
            asyncio.get_running_loop().call_soon(self.say_raw, b'{"cmd":"ping","id":3}')


async def test_what_is_said_when_ready_comes_waits_for_what_was_said_before(tmp_path: Path) -> None:
    """Commands of one connection keep their order; found by test_fuzz_lines.py."""
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        line = Hurried()
        line.connection = Connection(running.gateway, 1, "127.0.0.1", ana.caller)
        line.connection.opened(line)
        running.lines.append(line)
        for text in (b'{"cmd":"hello","id":0}', b'{"cmd":"ping","id":1}', b'{"cmd":"ping","id":2}'):
            line.say_raw(text)
        await line.reply(3)
        assert [frame["re"] for frame in line.frames if "re" in frame] == [0, 1, 2, 3]


@pytest.mark.parametrize("what", ["unmasked", "closed", "not UTF-8", "not UTF-8, and a ping"])
async def test_what_breaks_the_protocol_before_the_handshake_is_answered(kind: Kind, what: str) -> None:
    """Found by test_fuzz_lines.py: uvicorn read it at once, failed, and logged an error for each."""
    data, code = {
        "unmasked": (frame(TEXT, b"{}", masked=False), 1002),
        "closed": (frame(CLOSE, (1000).to_bytes(2, "big")), 1000),
        "not UTF-8": (frame(TEXT, b"\xff"), 1007),
        "not UTF-8, and a ping": (frame(TEXT, b"\xff") + frame(PING), 1007),
    }[what]
    with faults() as seen:
        async with socket_server(kind, accepting(RecordingPeer())) as running:
            seen.watch(asyncio.get_running_loop())
            client = await running.connect()
            assert (await client.ask(early=data)).status == 101
            assert await client.close_code() == code
        seen.check()


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1100, 2999, 5000, 65_535])
async def test_a_close_code_that_nobody_may_send_is_not_sent_back(kind: Kind, code: int) -> None:
    """RFC 6455, section 7.4."""
    async with socket_server(kind, accepting(RecordingPeer())) as running:
        client = await running.open()
        await client.send(frame(CLOSE, code.to_bytes(2, "big")))
        assert await client.close_code() == 1002
