"""REST against the real server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.server import PASSWORD, RunningServer, running_server
from tertulia.client import Address, ApiError, ConnectionLost, Rest, SessionTokens


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path) as server:
        yield server


@pytest.fixture
async def ana(server: RunningServer) -> AsyncIterator[Rest]:
    async with Rest(Address(f"http://127.0.0.1:{server.port}")) as rest:
        signed_in = await rest.register("ana", PASSWORD, first_name="Ana")
        rest.tokens = SessionTokens(signed_in["tokens"], rest.refresh, FakeClock())
        yield rest


async def test_accounts(ana: Rest) -> None:
    assert (await ana.me())["username"] == "ana"
    assert (await ana.login("ana", PASSWORD, "a test"))["user"]["first_name"] == "Ana"
    assert {session["device"] for session in await ana.sessions()} >= {"a test"}
    assert [user["username"] for user in await ana.users("an")] == ["ana"]


async def test_rooms_and_messages(ana: Rest, server: RunningServer) -> None:
    room = (await ana.create("den", description="of lions"))["id"]
    ben = await server.register("ben")
    await ana.add_member(room, ben.id)
    assert [member["user"]["username"] for member in (await ana.members(room))[0]] == ["ana", "ben"]
    message = await ana.post(room, "Hello", client_id="0123456789abcdef")
    again = await ana.post(room, "Hello", client_id="0123456789abcdef")
    assert (again["id"], message["index"]) == (message["id"], 1)
    assert (await ana.edit(room, 1, "Hi"))["body"] == "Hi"
    await ana.react(room, 1, "👍")
    assert (await ana.message(room, 1))["reactions"][0]["count"] == 1
    await ana.react(room, 1, "👍", on=False)
    rows, more = await ana.history(room, limit=10)
    assert ([row["body"] for row in rows if row["index"]], more) == (["Hi"], False)
    await ana.read(room, 1)
    await ana.delete(room, 1)
    assert (await ana.change_room(room, title="The den"))["title"] == "The den"
    await ana.remove_member(room, ben.id)
    assert (await ana.room(room))["member_count"] == 1
    assert [one["name"] for one in (await ana.directory("de"))[0]] == ["den"]
    assert [one["id"] async for one in ana.all_rooms()] == [room]
    assert (await ana.direct(ben.id))["kind"] == "direct"
    await ana.delete_room(room)
    with pytest.raises(ApiError, match="not_found"):
        await ana.room(room)


async def test_all_rooms_are_more_than_a_page(ana: Rest) -> None:
    for number in range(53):
        await ana.create(f"room {number}")
    assert len([room async for room in ana.all_rooms()]) == 53


async def test_joining_twice_is_no_error_and_leaving_twice_is(ana: Rest, server: RunningServer) -> None:
    room = await server.room(await server.register("ben"))
    await ana.join(room)
    await ana.join(room)
    await ana.leave(room)
    with pytest.raises(ApiError, match="not_member"):
        await ana.leave(room)


async def test_a_problem_is_an_error_with_all_that_it_says(ana: Rest) -> None:
    with pytest.raises(ApiError) as raised:
        await ana.register("ana", PASSWORD)
    error = raised.value
    assert (error.code, error.status) == ("username_taken", 409)
    assert "username" in error.fields
    with pytest.raises(ApiError) as raised:
        await ana.create(None)
    assert (raised.value.code, raised.value.status) == ("invalid", 400)


async def test_a_token_that_is_not_good_any_more_is_renewed_once(ana: Rest) -> None:
    tokens = ana.tokens
    assert isinstance(tokens, SessionTokens)
    ana.tokens = SessionTokens({**tokens.current, "access": "stale"}, ana.refresh, FakeClock())
    assert (await ana.me())["username"] == "ana"


async def test_who_is_signed_out_is_told(ana: Rest) -> None:
    await ana.logout()
    with pytest.raises(ApiError) as raised:
        await ana.me()
    assert raised.value.status == 401


async def test_odd_ids_stay_in_their_place_of_the_path(ana: Rest) -> None:
    for room in ("../me", "a/b", "?x", "", "..", "%2e%2e"):
        with pytest.raises(ApiError) as raised:
            await ana.room(room + "x")
        assert raised.value.status == 404


async def test_what_is_no_tertulia_server_is_said() -> None:
    with pytest.raises(ConnectionLost, match="does not answer"):
        await Rest(Address("http://127.0.0.1:9")).me()


async def test_an_answer_that_is_no_problem_is_an_error_all_the_same(server: RunningServer) -> None:
    async with Rest(Address(f"http://127.0.0.1:{server.port}/elsewhere")) as rest:
        with pytest.raises(ApiError) as raised:
            await rest.me()
    assert raised.value.status == 404
