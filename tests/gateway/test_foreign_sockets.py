"""Sockets and REST of users who come with a token of the product's backend."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from support.backend import SECRET, claims, keys_address, shared, signed
from support.clock import FakeClock
from support.server import RunningServer, running_server
from support.waiting import until


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["picows", "asgi"])
async def server(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path, sockets=request.param, clock=clock, jwt_secret=SECRET) as server:
        yield server


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_works_wherever_ours_do(server: RunningServer, clock: FakeClock) -> None:
    token = shared(clock, "u1", name="Ana", more="x" * 5_000)
    async with (
        server.socket(bearer(token)) as by_header,
        server.socket(subprotocols=["tertulia.v1", f"bearer.{token}"]) as by_protocol,
        server.socket() as by_hello,
    ):
        ready = [await by_header.hello(), await by_protocol.hello(), await by_hello.hello(token=token)]
    assert {one["user"]["external_id"] for one in ready} == {"u1"}
    assert {one["expires_in"] for one in ready} == {600}
    me = (await server.http.get("/api/v1/me", headers=bearer(token))).json()
    assert (me["name"], me["external_id"]) == ("Ana", "u1")
    assert (await server.http.get("/api/v1/me/sessions", headers=bearer(token))).json() == {"items": [], "next": None}


async def test_fifty_sockets_of_somebody_new_are_one_account(server: RunningServer, clock: FakeClock) -> None:
    async def come(number: int) -> str:
        async with server.socket(bearer(shared(clock, "u1", jti=f"{number}"))) as socket:
            return str((await socket.hello())["user"]["id"])

    assert len(set(await asyncio.gather(*(come(number) for number in range(50))))) == 1


async def test_bad_and_expired_tokens(server: RunningServer, clock: FakeClock) -> None:
    for token, code in (
        (shared(clock, secret="x" * 32), 4500),
        (shared(clock, aud="other"), 4500),
        (shared(clock, exp=claims(clock)["iat"] - 1), 4001),
    ):
        async with server.socket(bearer(token)) as socket:
            assert await socket.closed() == code
        async with server.socket() as socket:
            await socket.send(cmd="hello", id=1, token=token)
            assert await socket.closed() == code


async def test_a_socket_ends_with_its_token(server: RunningServer, clock: FakeClock) -> None:
    async with server.socket(bearer(shared(clock))) as socket:
        await socket.hello()
        clock.advance(599)
        assert "error" not in await socket.ask("ping")
        clock.advance(2)
        assert await socket.closed() == 4001


async def test_a_newer_token_keeps_it_open(server: RunningServer, clock: FakeClock) -> None:
    async with server.socket(bearer(shared(clock))) as socket:
        await socket.hello()
        clock.advance(500)
        reply = await socket.ask("refresh", token=shared(clock))
        assert reply["expires_in"] == 600
        clock.advance(400)
        assert "error" not in await socket.ask("ping")


async def test_the_token_of_another_is_no_newer_one(server: RunningServer, clock: FakeClock) -> None:
    ben = await server.register("ben")
    async with server.socket(bearer(shared(clock, "u1"))) as socket, ben.socket() as other:
        await socket.hello()
        for token in (shared(clock, "u2"), ben.tokens["access"], shared(clock, secret="y" * 32), "x.y.z"):
            assert (await socket.ask("refresh", token=token))["error"]["code"] == "unauthorized"
        assert (await other.ask("refresh", token=shared(clock, "u1")))["error"]["code"] == "unauthorized"
        assert "error" not in await socket.ask("ping")


async def test_logout_everywhere_ends_what_there_was(server: RunningServer, clock: FakeClock) -> None:
    old, other = shared(clock, "u1"), shared(clock, "u2")
    async with server.socket(bearer(old)) as socket, server.socket(bearer(other)) as stays:
        await socket.hello()
        await stays.hello()
        assert (await server.http.post("/api/v1/auth/logout", headers=bearer(old))).status_code == 204
        assert "error" not in await socket.ask("ping")
        everywhere = {"everywhere": True}
        answer = await server.http.post("/api/v1/auth/logout", json=everywhere, headers=bearer(old))
        assert answer.status_code == 204
        assert await socket.closed() == 4501
        assert "error" not in await stays.ask("ping")
    assert (await server.http.get("/api/v1/me", headers=bearer(old))).status_code == 401
    clock.advance(1)
    assert (await server.http.get("/api/v1/me", headers=bearer(shared(clock, "u1")))).status_code == 200


async def test_while_there_are_no_keys_nobody_is_sent_away_for_good(tmp_path: Path, clock: FakeClock) -> None:
    async with keys_address() as address:
        address.status = "500 Down"
        async with running_server(tmp_path, clock=clock, jwks_url=address.url) as server:
            await until(lambda: address.asked == 1)  # at the start
            token = signed(clock)
            answer = await server.http.get("/api/v1/me", headers=bearer(token))
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"] == "5"
            with pytest.raises(InvalidStatus) as refused:
                async with server.socket(bearer(token)):
                    pass
            assert refused.value.response.status_code == 503
            async with server.socket() as socket:
                await socket.send(cmd="hello", id=1, token=token)
                assert await socket.closed() == 1013
            ben = await server.register("ben")
            await ben.call("GET", "me")
            address.status = "200 OK"
            clock.advance(5)
            assert (await server.http.get("/api/v1/me", headers=bearer(token))).status_code == 200
