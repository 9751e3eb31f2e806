"""The client and the real server: what the scripts of test_client.py promise, kept by both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from support.server import PASSWORD, RunningServer, running_server
from tertulia.client import ApiError, Client, Rest, RoomModel, Stopped


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path) as server:
        yield server


def url(server: RunningServer) -> str:
    return f"http://127.0.0.1:{server.port}"


class Eager(Random):
    """Comes back at once."""

    def uniform(self, a: float, b: float) -> float:
        return a


@asynccontextmanager
async def people(server: RunningServer, *names: str) -> AsyncIterator[list[Client]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Client.register(url(server), name, PASSWORD, random=Eager()))
            for name in names
        ]


def cut(client: Client) -> None:
    """As if somebody pulled the plug."""
    socket = client._link._socket
    if socket is not None:
        socket.abort("the test cut it")


async def fresh(server: RunningServer, client: Client, room: str) -> RoomModel:
    """The room as another device of this user sees it."""
    async with Client.login(url(server), client.user["username"], PASSWORD) as other:
        return other.rooms[room]


async def test_two_people_talk(server: RunningServer) -> None:
    async with people(server, "ana", "ben") as (ana, ben):
        room = await ana.create("talk")
        view = await ben.join(room.id)
        await ana.until(lambda: len(room.present) == 2)
        await ana.post(room.id, "Hello @ben")
        await ben.until(lambda: view.message_count == 1)
        assert (view.unread, view.mentions, view.messages[-1]["body"]) == (1, 1, "Hello @ben")
        ben.read(room.id, 1)
        await ana.until(lambda: room.receipts.get(ben.user["id"]) == (1, 1))
        await ben.typing(room.id)
        await ana.until(lambda: [user["username"] for user in room.typing] == ["ben"])
        await ana.edit(room.id, 1, "Hi @ben")
        await ben.react(room.id, 1, "👍")
        await ana.until(lambda: bool(room.messages[-1].get("reactions")))
        await ana.delete(room.id, 1)
        await ben.until(lambda: "deleted_at" in view.messages[-1])
        assert room.differences(await fresh(server, ana, room.id)) == []


async def test_presence_of_the_other(server: RunningServer) -> None:
    async with people(server, "ana", "ben") as (ana, ben):
        direct = await ana.direct(ben.user["id"])
        assert direct.title == "ben"
        await ben.until(lambda: direct.id in ben.rooms and ben.rooms[direct.id].cursor is not None)
        await ben.presence("away")
        await ana.until(lambda: ana.model.presence.get(ben.user["id"]) == "away")
        await ben.close()
        await ana.until(lambda: ben.user["id"] not in ana.model.presence)


async def test_joining_leaving_and_looking_on(server: RunningServer) -> None:
    async with people(server, "ana", "ben") as (ana, ben):
        room = await ana.create("talk")
        await ben.join(room.id)
        await ben.join(room.id)
        await ben.leave(room.id)
        assert room.id not in ben.rooms
        await ana.until(lambda: room.member_count == 1)
        seen = await ben.open(room.id)
        assert seen.me is None
        with pytest.raises(ApiError, match="not_member"):
            await ben.post(room.id, "from outside")
        await ana.post(room.id, "from inside")
        await ben.until(lambda: seen.message_count == 1)
        await ben.unfollow(room.id)
        assert room.id not in ben.rooms
        await ben.join(room.id)
        assert ben.rooms[room.id].me is not None


async def test_a_private_room_is_not_there_for_others(server: RunningServer) -> None:
    async with people(server, "ana", "ben") as (ana, ben):
        room = await ana.create(kind="private", title="secret")
        for look in (ben.open(room.id), ben.join(room.id), ben.open("nothing")):
            with pytest.raises(ApiError, match="not_found"):
                await look
        await ana.rest.add_member(room.id, ben.user["id"])
        await ben.until(lambda: room.id in ben.rooms and ben.rooms[room.id].cursor is not None)
        await ana.rest.remove_member(room.id, ben.user["id"])
        await ben.until(lambda: room.id not in ben.rooms)


async def test_history_page_by_page(server: RunningServer) -> None:
    async with people(server, "ana") as (ana,):
        room = await ana.create("talk")
        for number in range(120):
            ana.send(room.id, f"{number}")
        await ana.flush()
        view = await fresh(server, ana, room.id)
        assert [row["index"] for row in view.messages][-1] == 120
        async with Client.login(url(server), "ana", PASSWORD) as other:
            while await other.older(room.id, 30):
                pass
            assert [row["body"] for row in other.rooms[room.id].messages] == [f"{number}" for number in range(120)]
            page = await other.history(room.id, around=60, limit=10)
            assert page.more
            assert 60 in [row["index"] for row in page.messages]


async def act(clients: list[Client], client: Client, room: str, random: Random) -> None:
    """Post, edit, react, and now and then cut somebody's line."""
    for number in range(25):
        post = client.send(room, f"{client.user['username']} {number}")
        if number % 3 == 0:
            cut(random.choice(clients))
        index = (await post.answer())["index"] or 0
        if number % 5 == 0:
            await client.edit(room, index, f"{post.body} edited")
        if number % 7 == 0:
            await client.react(room, index, "👍")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_cut_the_views_equal_a_fresh_fetch(server: RunningServer, seed: int) -> None:
    """Three people do everything at once while their lines are cut again and again."""
    random = Random(seed)
    async with people(server, "ana", "ben", "cleo") as clients:
        room = (await clients[0].create("talk")).id
        for client in clients[1:]:
            await client.join(room)
        await asyncio.gather(*(act(clients, client, room, random) for client in clients))
        truth = await fresh(server, clients[0], room)
        assert truth.message_count == 75
        for client in clients:
            view = client.rooms[room]
            await client.until(lambda view=view: view.cursor == truth.cursor)  # type: ignore[misc]
            assert view.differences(await fresh(server, client, room)) == []
            while await client.older(room):
                pass
            bodies = sorted((row["body"] or "").removesuffix(" edited") for row in view.messages if row["index"])
            assert bodies == sorted(f"{name} {n}" for name in ("ana", "ben", "cleo") for n in range(25))


async def test_a_restart_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with running_server(tmp_path) as server:
            port = server.port
            ana = await stack.enter_async_context(Client.register(url(server), "ana", PASSWORD))
            ben = await stack.enter_async_context(Client.register(url(server), "ben", PASSWORD))
            room = await ana.create("talk")
            await ben.join(room.id)
            await ana.post(room.id, "before")
        await ana.until(lambda: ana.state == "offline")
        posts = [client.send(room.id, body) for client, body in ((ana, "from ana"), (ben, "from ben"), (ana, "again"))]
        async with running_server(tmp_path, port=port) as server:
            for post in posts:
                await post.answer()
            for client in (ana, ben):
                view = client.rooms[room.id]
                await client.until(lambda view=view: view.message_count == 4 and view.cursor >= 6)  # type: ignore[misc]
                assert view.differences(await fresh(server, client, room.id)) == []
            await ana.close()
            await ben.close()


async def test_a_session_that_is_revoked_ends_the_client(server: RunningServer) -> None:
    async with people(server, "ana") as (ana,):
        events = ana.events()
        await ana.rest.logout()
        with pytest.raises(Stopped) as raised:
            await ana.until(lambda: False)
        assert raised.value.code == 4501
        with pytest.raises(Stopped):
            async for _ in events:
                pass


async def test_tokens_can_be_kept_for_the_next_time(server: RunningServer) -> None:
    person = await server.register("ana")
    tokens = {"access": "stale", "refresh": person.tokens["refresh"], "expires_in": 900}
    kept: list[object] = []
    async with Client.with_tokens(url(server), tokens, on_change=kept.append) as ana:  # type: ignore[arg-type]
        assert ana.user["username"] == "ana"
    assert len(kept) == 1
    with pytest.raises(Stopped, match="Sign in"):
        async with Client.with_tokens(url(server), {**tokens, "refresh": "bad"}):  # type: ignore[typeddict-item]
            pass


async def test_the_wrong_password(server: RunningServer) -> None:
    await server.register("ana")
    with pytest.raises(ApiError, match="wrong_credentials"):
        async with Client.login(url(server), "ana", "not this one"):
            pass


async def test_many_rooms_are_all_followed(server: RunningServer) -> None:
    async with people(server, "ana") as (ana,):
        rooms = [(await ana.rest.create(f"room {number}"))["id"] for number in range(30)]
        async with Client.login(url(server), "ana", PASSWORD) as other:
            assert all(other.rooms[room].cursor is not None for room in rooms)
        async with Client.login(url(server), "ana", PASSWORD, follow=False) as lean:
            assert all(lean.rooms[room].cursor is None for room in rooms)
            await ana.post(rooms[3], "hello")
            await lean.until(lambda: lean.rooms[rooms[3]].message_count == 1)
            view = await lean.open(rooms[3])
            assert view.messages[-1]["body"] == "hello"


async def test_rest_and_socket_share_the_tokens(server: RunningServer) -> None:
    async with people(server, "ana") as (ana,):
        assert isinstance(ana.rest, Rest)
        assert (await ana.rest.me())["username"] == "ana"
