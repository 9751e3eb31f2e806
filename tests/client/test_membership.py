"""What is my own affair in a room, on all my devices: the view of a client, and client and real server together."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from support.reference import ME, Frame, ReferenceRoom
from support.server import PASSWORD, RunningServer, running_server
from tertulia.client import ApiError, Client
from tertulia.client.room import RoomModel


def view_of(posts: int) -> tuple[ReferenceRoom, RoomModel]:
    """A room in which I have read everything."""
    server = ReferenceRoom("room-1")
    server.join(2)
    for number in range(posts):
        server.post(2, f"post {number}")
    view = RoomModel(server.id, ME)
    view.apply(server.reload())
    view.receive(ME, posts, posts)
    return server, view


def told(view: RoomModel, count: int, **fields: object) -> Frame:
    """The event `me`, as a server says it."""
    assert view.me is not None
    return {"ev": "me", "room": view.id, "message_count": count, "me": {**view.me, **fields}}


def test_a_view_says_what_it_was_told() -> None:
    _, view = view_of(4)
    assert (view.notify, view.hidden, view.unread_from, view.unread) == ("all", False, None, 0)
    view.apply(told(view, 4, notify="none", hidden=True, unread_from=3))
    assert (view.notify, view.hidden, view.unread_from, view.unread) == ("none", True, 3, 2)


def test_looking_again_moves_the_mark_and_ends_it() -> None:
    _, view = view_of(4)
    view.apply(told(view, 4, unread_from=2))
    assert not view.look(1)
    assert view.look(2)
    assert (view.unread_from, view.unread) == (3, 2)
    assert view.look(4)
    assert (view.unread_from, view.unread) == (None, 0)
    assert not view.look(4)


def test_a_message_shows_the_room_again_and_one_of_mine_ends_the_mark() -> None:
    server, view = view_of(2)
    view.apply(told(view, 2, hidden=True, unread_from=1))
    view.apply(server.post(2, "news"))
    assert (view.hidden, view.unread) == (False, 3)
    view.apply(server.post(1, "mine"))
    assert (view.unread_from, view.unread) == (None, 0)


def test_what_is_told_late_is_of_its_time() -> None:
    """The event may wait on a slow line while messages pass it."""
    server, view = view_of(2)
    late = told(view, 2, hidden=True, unread_from=1)
    view.apply(server.post(1, "mine"))
    view.apply(server.post(2, "and theirs"))
    view.apply(late)
    assert (view.hidden, view.unread_from, view.unread) == (False, None, 1)


def test_what_is_told_early_is_of_its_time() -> None:
    """After `ready` it comes at once, before the messages that were there when I marked them."""
    server, view = view_of(2)
    early = told(view, 4, hidden=True, unread_from=1)
    posts = [server.post(1, "mine"), server.post(2, "and theirs")]
    for event in (early, *posts):
        view.apply(event)
    assert (view.hidden, view.unread_from, view.unread) == (True, 1, 4)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path) as server:
        yield server


def url(server: RunningServer) -> str:
    return f"http://127.0.0.1:{server.port}"


async def test_two_devices_in_step_and_a_third_that_comes_later(server: RunningServer) -> None:
    [ben] = await server.people("ben")
    async with (
        Client.register(url(server), "ana", PASSWORD) as phone,
        Client.login(url(server), "ana", PASSWORD) as laptop,
    ):
        room = (await phone.create("talk")).id
        await ben.call("POST", f"rooms/{room}/join")
        for number in range(4):
            await ben.call("POST", f"rooms/{room}/messages", {"body": f"{number}"})
        await laptop.until(lambda: room in laptop.rooms and laptop.rooms[room].message_count == 4)
        await phone.until(lambda: phone.rooms[room].message_count == 4)
        phone.read(room, 4)
        await phone.mark_unread(room, 3)  # what was read a moment before is read, and the mark is after it
        await phone.set_notify(room, "mentions")
        await phone.hide(room)
        for device in (phone, laptop):
            view = device.rooms[room]
            await device.until(partial(getattr, view, "hidden"))
            assert (view.unread_from, view.unread, view.notify) == (3, 2, "mentions")
        async with Client.login(url(server), "ana", PASSWORD) as third:
            view = third.rooms[room]
            assert (view.unread_from, view.unread, view.hidden, view.notify) == (3, 2, True, "mentions")
            third.read(room, 4)
            assert view.unread == 0
            await laptop.until(lambda: laptop.rooms[room].unread == 0)
            assert laptop.rooms[room].unread_from is None
        with pytest.raises(ApiError, match="invalid"):
            await phone.mark_unread(room, 99)
        await phone.mark_unread(room, 1)
        await phone.mark_unread(room, None)
        await laptop.until(lambda: laptop.rooms[room].unread == 0)


async def test_what_comes_in_does_not_end_the_mark(server: RunningServer) -> None:
    """Receiving is said to the server; that is no reading."""
    [ben] = await server.people("ben")
    async with Client.register(url(server), "ana", PASSWORD) as ana:
        room = (await ana.create("talk")).id
        await ben.call("POST", f"rooms/{room}/join")
        await ben.call("POST", f"rooms/{room}/messages", {"body": "one"})
        await ana.until(lambda: ana.rooms[room].message_count == 1)
        ana.read(room, 1)
        await ana.mark_unread(room, 1)
        async with ben.socket() as line:
            await ben.call("POST", f"rooms/{room}/messages", {"body": "two"})
            await line.until(
                lambda frame: frame.get("ev") == "receipt" and frame["receipts"][0]["delivered_index"] == 2
            )
        found = await ana.rest.room(room)
        assert (found["me"]["unread_from"], found["me"]["unread"], ana.rooms[room].unread) == (1, 2, 2)


async def test_blocking_hides_on_all_devices(server: RunningServer) -> None:
    [ben] = await server.people("ben")
    async with (
        Client.register(url(server), "ana", PASSWORD) as phone,
        Client.login(url(server), "ana", PASSWORD) as laptop,
    ):
        await phone.block(ben.id)
        await laptop.until(lambda: laptop.model.blocked == {ben.id})
        assert [user["id"] for user in (await laptop.rest.blocks())[0]] == [ben.id]
        await laptop.block(ben.id, on=False)
        await phone.until(lambda: not phone.model.blocked)


async def test_by_rest(server: RunningServer) -> None:
    async with Client.register(url(server), "ana", PASSWORD) as ana:
        room = (await ana.create("talk")).id
        await ana.post(room, "one")
        await ana.rest.pin(room, 1)
        assert [row["index"] for row in (await ana.rest.pins(room))[0]] == [1]
        await ana.rest.pin(room, 1, on=False)
        assert (await ana.rest.pins(room))[0] == []
        assert (await ana.rest.change_me(room, hidden=True, unread_from=1))["unread"] == 1
        assert [one["id"] async for one in ana.rest.all_rooms()] == []
        assert [one["id"] async for one in ana.rest.all_rooms(hidden=True)] == [room]
        assert (await ana.rest.change_me(room, hidden=False, unread_from=None))["unread"] == 0
