import asyncio
import json
from typing import Any

import pytest
import structlog

from support.sockets import Kind, RecordingPeer, accepting, open_admission, socket_server
from tertulia.domain.errors import Rejection
from tertulia.gateway.admission import (
    Accept,
    AcceptThenClose,
    Admission,
    Admitted,
    Decision,
    Refuse,
    UpgradeRequest,
)
from tertulia.protocol.forwarded import Forwarded
from tertulia.protocol.origins import Hosts, Origins


async def ask(
    admission: Admission, path: str = "/ws", *, peer: str = "192.0.2.1", query: str = "", **headers: str
) -> Refuse | Admitted:
    given = {"host": "chat.example.org", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    return await admission.admit(peer=peer, scheme="http", path=path, query=query, headers=raw)


async def refusal(admission: Admission, *args: Any, **options: Any) -> Refuse:
    outcome = await ask(admission, *args, **options)
    assert isinstance(outcome, Refuse)
    return outcome


async def admitted(admission: Admission, *args: Any, **options: Any) -> Admitted:
    outcome = await ask(admission, *args, **options)
    assert isinstance(outcome, Admitted)
    return outcome


class Asked:
    """An endpoint that accepts everybody and remembers the requests."""

    def __init__(self) -> None:
        self.requests: list[UpgradeRequest] = []

    async def __call__(self, request: UpgradeRequest) -> Decision:
        self.requests.append(request)
        return Accept(RecordingPeer())


async def test_endpoints_are_found_by_path_with_their_params() -> None:
    admission, literal, pattern, number = open_admission(), Asked(), Asked(), Asked()
    admission.register("/ws", literal)
    admission.register("/ws/chat/{room}/", pattern)
    admission.register("/ws/{id:int}", number)
    await admitted(admission, "/ws")
    await admitted(admission, "/ws/chat/el café/")
    await admitted(admission, "/ws/7", query="token=x")
    assert pattern.requests[0].params == {"room": "el café"}
    assert number.requests[0].params == {"id": 7}
    assert number.requests[0].query == "token=x"
    assert len(literal.requests) == 1
    for unknown in ("/", "/ws/", "/ws/x", "/wsx", "/ws/chat/a/b/", "/ws\n"):
        assert (await refusal(admission, unknown)).status == 404


async def test_the_request_has_what_a_decision_needs() -> None:
    admission, asked = open_admission(visitors=Forwarded(("10.0.0.0/8",))), Asked()
    admission.register("/ws", asked)
    await admitted(
        admission,
        peer="10.1.2.3",
        x_forwarded_for="203.0.113.9",
        x_forwarded_proto="https",
        sec_websocket_protocol="tertulia.v1, bearer.abc,, x",
    )
    [request] = asked.requests
    assert (request.address, request.visitor.scheme) == ("203.0.113.9", "https")
    assert request.subprotocols == ("tertulia.v1", "bearer.abc", "x")
    assert request.headers["Host"] == "chat.example.org"


async def test_forwarded_addresses_of_strangers_are_not_believed() -> None:
    admission, asked = open_admission(), Asked()
    admission.register("/ws", asked)
    await admitted(admission, x_forwarded_for="203.0.113.9")
    assert asked.requests[0].address == "192.0.2.1"


async def test_origins() -> None:
    admission = open_admission(origins=Origins(("https://chat.example.org",)))
    admission.register("/ws", Asked())
    await admitted(admission)  # no browser
    await admitted(admission, origin="https://chat.example.org")
    with structlog.testing.capture_logs() as logs:
        refused = await refusal(admission, origin="https://evil.example")
        await refusal(admission, origin="null")
    assert (refused.status, refused.body["code"]) == (403, "origin_refused")
    assert {"origin": "https://evil.example", "setting": "TERTULIA_ALLOWED_ORIGINS"}.items() <= logs[0].items()


async def test_hosts() -> None:
    admission = open_admission(hosts=Hosts(("chat.example.org",)))
    admission.register("/ws", Asked())
    await admitted(admission)
    assert (await refusal(admission, host="rebound.evil.example")).body["code"] == "host_refused"


async def test_seats_in_all_and_by_address() -> None:
    admission = open_admission(max_connections=3, per_address=2)
    admission.register("/ws", Asked())
    first = await admitted(admission)
    await admitted(admission)
    refused = await refusal(admission)
    assert (refused.status, refused.body["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    await admitted(admission, peer="192.0.2.2")
    assert (await refusal(admission, peer="192.0.2.3")).status == 503
    assert admission.open == 3
    first.seat.leave()
    first.seat.leave()
    assert admission.open == 2
    await admitted(admission)


async def test_a_whole_ipv6_network_is_one_address() -> None:
    admission = open_admission(per_address=1)
    admission.register("/ws", Asked())
    await admitted(admission, peer="2001:db8:1:2::1")
    assert (await refusal(admission, peer="2001:db8:1:2:ffff::2")).status == 503
    await admitted(admission, peer="2001:db8:1:3::1")
    await admitted(admission, peer="")


async def test_nobody_is_counted_who_was_refused() -> None:
    admission = open_admission()

    async def refuse(_request: UpgradeRequest) -> Decision:
        return Refuse.of(Rejection("forbidden", "No."))

    async def raise_rejection(_request: UpgradeRequest) -> Decision:
        raise Rejection("unauthorized", "Sign in.")

    async def fail(_request: UpgradeRequest) -> Decision:
        raise RuntimeError

    async def choose_unoffered(_request: UpgradeRequest) -> Decision:
        return Accept(RecordingPeer(), "tertulia.v9")

    endpoints = {"/a": (refuse, 403), "/b": (raise_rejection, 401), "/c": (fail, 500), "/d": (choose_unoffered, 500)}
    for path, (endpoint, status) in endpoints.items():
        admission.register(path, endpoint)
        refused = await refusal(admission, path)
        assert refused.status == status
        assert "Traceback" not in json.dumps(refused.body)
    assert admission.open == 0
    assert admission.outcomes == {"forbidden": 1, "unauthorized": 1, "internal": 2}


async def test_an_endpoint_has_its_time() -> None:
    """Rule 12."""

    async def endless(_request: UpgradeRequest) -> Decision:
        await asyncio.Event().wait()
        raise AssertionError

    admission = open_admission(decision_seconds=0.05)
    admission.register("/ws", endless)
    refused = await refusal(admission)
    assert (refused.status, refused.body["code"]) == (503, "unavailable")
    assert admission.open == 0


async def test_a_cancelled_decision_frees_its_seat() -> None:
    asked = asyncio.Event()

    async def endless(_request: UpgradeRequest) -> Decision:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    admission = open_admission()
    admission.register("/ws", endless)
    task = asyncio.get_running_loop().create_task(ask(admission))
    await asked.wait()
    assert admission.open == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert admission.open == 0


async def test_draining() -> None:
    admission = open_admission()
    admission.register("/ws", Asked())
    admission.drain()
    refused = await refusal(admission)
    assert (refused.status, "Retry-After" in refused.headers) == (503, True)


async def test_one_line_for_each_upgrade_and_never_its_query() -> None:
    admission = open_admission()
    admission.register("/ws", Asked())
    with structlog.testing.capture_logs() as logs:
        await ask(admission, query="token=secret", authorization="Bearer secret")
        await ask(admission, "/nowhere", query="token=secret")
    assert [(line["event"], line["path"], line["status"]) for line in logs] == [
        ("socket.upgrade", "/ws", 101),
        ("socket.upgrade", "/nowhere", 404),
    ]
    assert "secret" not in repr(logs)


# On the wire, through both transports


async def test_a_refusal_is_plain_http_with_a_problem(kind: Kind) -> None:
    """Rule 12."""

    async def refuse(_request: UpgradeRequest) -> Decision:
        raise Rejection("not_member", "Only members may come in.")

    async with socket_server(kind, refuse) as running:
        client = await running.connect()
        response = await client.ask()
        assert response.status == 403
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["connection"].lower() == "close"
        assert json.loads(response.body)["code"] == "not_member"
        assert await client.ended()
        other = await running.connect()
        assert (await other.ask("/nowhere")).status == 404


async def test_accept_then_close(kind: Kind) -> None:
    async def close(_request: UpgradeRequest) -> Decision:
        return AcceptThenClose(4500, "Sign in again.", "tertulia.v1")

    async with socket_server(kind, close) as running:
        client = await running.connect()
        response = await client.ask(headers=[("Sec-WebSocket-Protocol", "tertulia.v1, bearer.x")])
        assert (response.status, response.headers["sec-websocket-protocol"]) == (101, "tertulia.v1")
        assert (await client.frame()).payload[2:] == b"Sign in again."


async def test_a_full_server_answers_503_until_somebody_leaves(kind: Kind) -> None:
    peer = RecordingPeer()
    async with socket_server(kind, accepting(peer), admission=open_admission(max_connections=1)) as running:
        first = await running.open()
        second = await running.connect()
        response = await second.ask()
        assert (response.status, response.headers["retry-after"]) == (503, "5")
        first.cut()
        await peer.until_closed()
        await running.open()


async def test_address_query_and_path_arrive_the_same_way(kind: Kind) -> None:
    asked = Asked()
    async with socket_server(kind) as running:
        running.admission.register("/ws/{room}", asked)
        await running.open("/ws/caf%C3%A9?a=1&b=%20x")
        [request] = asked.requests
        assert (request.path, request.query) == ("/ws/café", "a=1&b=%20x")
        assert request.params == {"room": "café"}
        assert (request.address, request.visitor.scheme, request.visitor.host) == ("127.0.0.1", "http", "localhost")
