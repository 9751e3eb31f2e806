"""The five and API v1 on one server: the same people, rooms and messages, whoever's client it is."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.dialects import PASSWORD, Line, Place, dialect_server
from support.server import Person, RunningServer

JSON = dict[str, Any]


class Town:
    """One server; each dialect under its prefix, and somebody in each."""

    def __init__(self, server: RunningServer, places: dict[str, Place]) -> None:
        self.server = server
        self.places = places
        self.tokens: dict[str, str] = {}

    async def ask(self, name: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """As the one who lives in that dialect."""
        headers = {"authorization": f"Bearer {self.tokens[name]}"} if name in self.tokens else {}
        return await self.places[name].http.request(method, path, json=body, headers=headers, **more)

    async def get(self, name: str, path: str) -> Any:
        response = await self.ask(name, "GET", path)
        assert response.status_code == 200, (name, path, response.text)
        return response.json()

    async def made(self, name: str, path: str, body: Any, status: int = 201) -> Any:
        response = await self.ask(name, "POST", path, body)
        assert response.status_code == status, (name, path, response.text)
        return response.json()

    async def settle(self) -> None:
        """Somebody signs up in each: chat, rea, shy, con and cha."""
        known = {"password": PASSWORD}
        made = await self.made("chatrooms", "/api/register/", {**known, "username": "chat", "email": "chat@a.example"})
        self.tokens["chatrooms"] = made["tokens"]["access"]
        await self.made("realtime", "/users/auth/register/", {**known, "username": "rea", "email": "rea@a.example"})
        made = await self.made("realtime", "/users/auth/login/", {**known, "username": "rea"}, 200)
        self.tokens["realtime"] = made["access"]
        await self.made("shh", "/register/", {**known, "username": "shy", "email": "Shy@a.example"})
        made = await self.made("shh", "/login/", {**known, "email": "shy@a.example"}, 200)
        self.tokens["shh"] = made["token"]
        named = {"first_name": "Con", "last_name": "Versa", "email": "con@a.example"}
        await self.made("conversations", "/api/register/", {**known, **named, "confirm_password": PASSWORD})
        made = await self.made("conversations", "/api/login/", {**known, "email": "con@a.example"}, 200)
        self.tokens["conversations"] = made["access"]
        await self.made("channels", "/api/register/", {**known, "username": "cha"})
        made = await self.made("channels", "/api/login/", {**known, "username": "cha"}, 200)
        self.tokens["channels"] = made["token"]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    names = ("chatrooms", "realtime", "shh", "conversations", "channels")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(dialect_server(tmp_path, "realtime"))
        places = {name: Place(server, name, "prefix") for name in names}
        for one in places.values():
            await stack.enter_async_context(one.http)
        town = Town(server, places)
        await town.settle()
        yield town


async def text(line: Line) -> str:
    """Of the next message, whatever else is told."""
    while True:
        frame = await line.receive()
        if isinstance(frame, dict) and "message" in frame and frame.get("type") not in {"message_history", "typing"}:
            return str(frame["message"])


async def test_one_room_seen_through_all_of_them(town: Town) -> None:
    """Everybody says something; everybody sees all of it, once and in one order. Rule 35: and nothing else."""
    made = await town.made("chatrooms", "/api/chatrooms/", {"name": "Town hall"})
    [room] = [one for one in await town.get("realtime", "/chat/rooms/") if one["room_name"] == "Town hall"]
    room_id = room["room_id"]
    await town.made("shh", "/room/join/", {"room_id": room_id}, 200)
    v1 = await town.server.register("vera")
    await v1.call("POST", f"rooms/{room_id}/join")
    where = {"chatrooms": str(made["id"]), "realtime": "Town hall", "shh": room_id, "channels": "Town hall"}
    async with AsyncExitStack() as stack:
        lines = {
            name: await stack.enter_async_context(town.places[name].socket(path, town.tokens[name]))
            for name, path in where.items()
        }
        socket = await stack.enter_async_context(v1.socket())
        said = [f"from {name}" for name in lines]
        for name, line in lines.items():
            frame = {"message": f"from {name}"}
            await line.send(frame)
            for each in lines.values():
                assert await text(each) == frame["message"]
        await socket.ask("post", room=room_id, body="from v1")
        for line in lines.values():
            assert await text(line) == "from v1"
        seen = [(await socket.event("message", room=room_id))["message"] for _ in range(len(said) + 1)]
        assert [message["body"] for message in seen if message["kind"] == "message"] == [*said, "from v1"]
    everything = [*said, "from v1"]
    assert [one["content"] for one in await town.get("chatrooms", "/api/messages/Town hall/")] == everything
    assert [one["message"] for one in (await town.get("shh", f"/messages/{room_id}/"))["messages"]] == everything
    newest_first = await town.get("channels", f"/api/messages/?room_uuid={room_id}")
    assert [one["content"] for one in newest_first] == everything[::-1]
    assert {one["room"] for one in newest_first} == {"Town hall"}
    assert (await town.get("realtime", f"/chat/rooms/{room_id}/"))["message_count"] == len(everything)


async def test_two_dialects_talk_with_each_other_in_one_room(town: Town) -> None:
    places = town.places
    async with (
        places["chatrooms"].socket("general", town.tokens["chatrooms"]) as one,
        places["realtime"].socket("general", town.tokens["realtime"]) as other,
    ):
        await one.send({"message": "Hello over there"})
        assert await text(other) == "Hello over there"
        await other.send({"type": "message", "content": "Hello to you"})
        assert [await text(one), await text(one)] == ["Hello over there", "Hello to you"]


async def test_what_is_private_is_nowhere_for_outsiders(town: Town) -> None:
    """Each dialect's own private rooms, direct ones, and those of API v1."""
    secret = await town.made("shh", "/rooms/create/", {"chat_room_name": "shh secret"})
    await town.made("realtime", "/chat/rooms/create/", {"room_name": "rea secret", "is_private": True})
    vera: Person = await town.server.register("vera")
    await vera.call("POST", "rooms", {"kind": "private", "name": "v1 secret"})
    [number] = [one["id"] for one in await town.get("channels", "/api/users/") if one["username"] == "shy"]
    shy = await town.get("realtime", f"/chat/dm/{number}")
    hidden = {"shh secret", "rea secret", "v1 secret", shy["room_name"]}
    assert not hidden & {one["name"] for one in await town.get("chatrooms", "/api/chatrooms/")}
    assert not hidden & {one["room_name"] for one in await town.get("channels", "/api/rooms/")}
    mine = {one["room_name"] for one in await town.get("realtime", "/chat/rooms/")}
    assert mine & hidden == {"rea secret", shy["room_name"]}
    for name in ("shh secret", "v1 secret", secret["room_id"]):
        assert await town.get("chatrooms", f"/api/messages/{name}/") == []
        assert await town.places["chatrooms"].refused(name, town.tokens["chatrooms"]) == 403
        assert await town.places["channels"].refused(name, town.tokens["channels"]) == 403
        assert await town.places["conversations"].refused(name, town.tokens["conversations"]) == 403
    assert await town.places["realtime"].close_code("shh secret", town.tokens["realtime"]) == 4003
    assert (await town.ask("realtime", "GET", f"/chat/rooms/{secret['room_id']}/")).status_code == 404
    assert await town.places["shh"].close_code("rea secret", town.tokens["shh"]) == 4004
    assert await town.get("channels", f"/api/messages/?room_uuid={secret['room_id']}") == []
    assert (await vera.call("GET", f"rooms/{secret['room_id']}", status=404))["code"] == "not_found"


async def test_the_direct_room_of_two_is_the_same_everywhere(town: Town) -> None:
    people = {one["username"]: one["id"] for one in await town.get("shh", "/api/users/")}
    [shy] = [one for one in await town.get("channels", "/api/users/") if one["username"] == "shy"]
    direct = await town.get("realtime", f"/chat/dm/{shy['id']}")
    rea = next(user for user in await _people(town) if user["username"] == "rea")
    made = await town.server.http.post(
        "/compat/conversations/api/login/", json={"email": "shy@a.example", "password": PASSWORD}
    )
    headers = {"authorization": f"Bearer {made.json()['access']}"}
    found = await town.places["conversations"].http.get(f"/api/users/{rea['id']}/chat/", headers=headers)
    assert found.json()["data"]["id"] == direct["room_id"]
    assert direct["room_name"] == "dm_" + "_".join(sorted((str(people["rea"]), str(shy["id"]))))
    async with (
        town.places["conversations"].socket(direct["room_id"], made.json()["access"]) as one,
        town.places["realtime"].socket(direct["room_name"], town.tokens["realtime"]) as other,
    ):
        await other.send({"message": "psst"})
        frame = await one.receive()
        assert frame["message"] == "psst"
        assert await text(other) == "psst"
    for name, path in (("chatrooms", "/api/messages/{}/"), ("shh", "/messages/{}/")):
        of_shy = await town.server.http.post(
            "/compat/chatrooms/api/token/", json={"username": "shy", "password": PASSWORD}
        )
        seen = await town.places[name].http.get(
            path.format(direct["room_name"]), headers={"authorization": f"Bearer {of_shy.json()['access']}"}
        )
        assert "psst" in seen.text
        async with town.places[name].socket(direct["room_name"], of_shy.json()["access"]) as line:
            await line.send({"message": f"by name in {name}"})
            assert await text(line) == f"by name in {name}"
        others = await town.ask(name, "GET", path.format("dm_1_2"))
        assert others.text in {"[]", '{"error":"Room not found"}'}


async def _people(town: Town) -> list[JSON]:
    vera = await town.server.register("vera")
    found: list[JSON] = (await vera.call("GET", "users?q=rea"))["items"]
    return found


async def test_who_signed_up_in_one_signs_in_through_another(town: Town) -> None:
    """By username everywhere; by an address only where it was claimed as a login."""
    known = {"password": PASSWORD}
    for name in ("chat", "rea", "shy", "cha"):
        assert (await town.ask("chatrooms", "POST", "/api/token/", {**known, "username": name})).status_code == 200
        assert (await town.ask("shh", "POST", "/login/", {**known, "username": name})).status_code == 200
    assert (await town.ask("shh", "POST", "/login/", {**known, "email": "con@a.example"})).status_code == 200
    login = "/api/login/"
    assert (await town.ask("conversations", "POST", login, {**known, "email": "SHY@a.example"})).status_code == 200
    for address in ("chat@a.example", "rea@a.example"):
        assert (await town.ask("conversations", "POST", login, {**known, "email": address})).status_code == 401
        assert (await town.ask("shh", "POST", "/login/", {**known, "email": address})).status_code == 400
        assert (await town.ask("chatrooms", "POST", "/api/token/", {**known, "username": address})).status_code == 401
    v1 = {"username": "con@a.example", "password": PASSWORD}
    assert (await town.server.http.post("/api/v1/auth/login", json=v1)).status_code == 200


async def test_an_address_of_somebody_s_profile_can_be_claimed_by_its_owner(town: Town) -> None:
    """And is shown to nobody who only sees the profile."""
    claimed = {"username": "real", "email": "rea@a.example", "password": PASSWORD}
    assert (await town.ask("shh", "POST", "/register/", claimed)).status_code == 201
    shown = {one["username"]: one["email"] for one in await town.get("shh", "/api/users/")}
    assert (shown["rea"], shown["chat"], shown["real"]) == ("", "", "rea@a.example")


async def test_taken_names_are_taken_in_all_of_them(town: Town) -> None:
    await town.made("shh", "/rooms/create/", {"chat_room_name": "attic"})
    for name, path, body in (
        ("chatrooms", "/api/chatrooms/", {"name": "attic"}),
        ("realtime", "/chat/rooms/create/", {"room_name": "attic"}),
        ("shh", "/rooms/create/", {"chat_room_name": "attic"}),
        ("channels", "/api/rooms/", {"room_name": "attic"}),
    ):
        assert (await town.ask(name, "POST", path, body)).status_code == 400, name
        reserved = dict.fromkeys(body, "dm_1_2")
        assert (await town.ask(name, "POST", path, reserved)).status_code == 400, name
