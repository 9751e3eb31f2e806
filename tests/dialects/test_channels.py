"""The dialect channels over HTTP, as its document has it and as its clients use it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from support.channels import NAME, Somebody, nobody, somebody
from support.dialect_page import paste, play
from support.dialects import PASSWORD, WHERE, Place, Where, place

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
NOT_ALLOWED = {"detail": "You do not have permission to perform this action."}
NO_ROOM = {"detail": "No Room matches the given query."}
NO_MESSAGE = {"detail": "No Message matches the given query."}
AS_SOMEBODY_ELSE = {"detail": "You may only send messages as yourself."}
REQUIRED = ["This field is required."]
NO_UUID = ["Must be a valid UUID."]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def names(here: Place, by: Somebody | None = None) -> list[str]:
    """Of the rooms that are listed."""
    rooms = await by.call("GET", "/api/rooms/") if by else await nobody(here, "/api/rooms/")
    return [room["room_name"] for room in rooms]


async def said(here: Place, room: str, by: Somebody | None = None) -> list[str]:
    """In a room, newest first."""
    path = f"/api/messages/?room_uuid={room}"
    found = await by.call("GET", path) if by else await nobody(here, path)
    return [message["content"] for message in found]


@pytest.mark.parametrize("where", WHERE)
async def test_played_through(tmp_path: Path, where: Where) -> None:
    """All that the document has, and what its program answers: under the prefix, at the root, at a host name."""
    async with place(tmp_path, NAME, where) as here:
        ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
        base = f"http://{here.host}{here.root}"
        assert await nobody(here, "/api/") == {"rooms": f"{base}/api/rooms/", "messages": f"{base}/api/messages/"}
        made = await ann.call("POST", "/api/rooms/", {"room_name": "Büro"}, status=201)
        room, at = made["room_uuid"], made["created_at"]
        assert str(UUID(room)) == room
        assert TIME.fullmatch(at)
        assert made == {"room_uuid": room, "users": ["ann"], "room_name": "Büro", "created_at": at}
        assert (await nobody(here, "/api/rooms/"))[1:] == [made], "the oldest first; before it is the server's own"
        async with ann.line("Büro") as line, ben.line(room, slash=False) as other:
            body = {"room": room, "content": "Hello", "user": "ann"}
            posted = await ann.call("POST", "/api/messages/", body, status=201)
            assert TIME.fullmatch(posted["created_at"])
            assert posted == {
                "message_uuid": str(UUID(posted["message_uuid"])), "content": "Hello", "room": "Büro", "user": "ann",
                "created_at": posted["created_at"],
            }  # fmt: skip
            for each in (line, other):
                assert await each.receive() == {
                    "message": "Hello", "username": "ann", "user": "ann",
                    "message_uuid": posted["message_uuid"], "created_at": posted["created_at"],
                }  # fmt: skip
            await other.send({"message": "Hi", "username": "ben"})
            assert (await line.receive())["message"] == "Hi"
            newest, oldest = await nobody(here, f"/api/messages/?room_uuid={room}")
            assert oldest == posted
            assert (newest["content"], newest["user"]) == ("Hi", "ben")
            assert await nobody(here, "/api/messages/") == [newest, oldest]
        assert (await nobody(here, "/api/rooms/"))[1]["users"] == ["ann", "ben"]
        await details(here, ann, ben, posted)
        people = [{"id": ann.number, "username": "ann"}, {"id": ben.number, "username": "ben"}]
        assert await ben.call("GET", "/api/users/") == people
        assert await nobody(here, "/api/users/") == []


async def details(here: Place, ann: Somebody, ben: Somebody, posted: dict[str, Any]) -> None:
    """Of the room 2, of ann's, and of its message 1: by number and by UUID."""
    room = (await nobody(here, "/api/rooms/2/"))["room_uuid"]
    assert await nobody(here, f"/api/rooms/{room}/") == await nobody(here, "/api/rooms/2")
    assert await nobody(here, "/api/messages/1/") == posted
    assert await nobody(here, f"/api/messages/{posted['message_uuid']}") == posted
    body = {"content": "Hello again", "room": str(uuid4()), "user": "eve"}
    assert await ann.call("PUT", "/api/messages/1/", body) == {**posted, "content": "Hello again"}
    assert await ann.call("PATCH", "/api/messages/1/", {}) == {**posted, "content": "Hello again"}
    changed = await ann.call("PATCH", f"/api/rooms/{room}/", {"room_name": "Bureau"})
    assert (changed["room_uuid"], changed["room_name"]) == (room, "Bureau")
    assert (await ann.call("PUT", "/api/rooms/2/", {"room_name": "Büro"}))["room_name"] == "Büro"
    assert (await ann.call("PATCH", "/api/rooms/2/", {}))["room_name"] == "Büro"
    await ann.call("DELETE", f"/api/messages/{posted['message_uuid']}/", status=204)
    assert await nobody(here, "/api/messages/1/", 404) == NO_MESSAGE
    assert await said(here, room) == ["Hi"]
    await ann.call("DELETE", "/api/rooms/2/", status=204)
    assert await ben.call("GET", "/api/rooms/2/", status=404) == NO_ROOM
    assert await said(here, room) == []


async def test_signing_up_and_mistakes(here: Place) -> None:
    async def register(**body: Any) -> tuple[int, Any]:
        response = await here.http.post("/api/register/", json={"username": "bea", "password": PASSWORD, **body})
        return response.status_code, response.json()

    await somebody(here, "ann")
    for wrong, told in (
        ({"username": "ann"}, {"username": ["A user with that username already exists."]}),
        ({"username": "a n"}, None),
        ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"username": " "}, {"username": ["This field may not be blank."]}),
        ({"password": "1234567"}, None),
        ({"password": "x" * 129}, None),
        ({"password": None}, {"password": ["This field may not be null."]}),
        ({"email": "no"}, {"email": ["Enter a valid email address."]}),
    ):
        status, body = await register(**wrong)
        assert (status, list(body)) == (400, list(wrong)), wrong
        assert told is None or body == told
    at_once = await asyncio.gather(*(register(username="cat") for _ in range(3)))
    assert sorted(status for status, _ in at_once) == [201, 400, 400]
    for good in (
        {"username": "ANN"},
        {"password": "password", "email": "bea@example.org"},
        {"username": "d", "email": ""},
    ):
        assert (await register(**good))[0] == 201, good
    # The address is profile data: nobody signs in with it.
    login = {"username": "bea@example.org", "password": "password"}
    assert (await here.http.post("/api/login/", json=login)).status_code == 401
    wrong_body = await here.http.post("/api/login/", json={})
    assert (wrong_body.status_code, wrong_body.json()) == (400, {"username": REQUIRED, "password": REQUIRED})


async def test_rooms_and_what_is_wrong_with_them(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    assert await ann.call("POST", "/api/rooms/", {}, status=400) == {"room_name": REQUIRED}
    taken = {"room_name": ["room with this room name already exists."]}
    await ann.make_room("x" * 100)
    secret = await ann.make_room("secret", "ben")
    for name in ("general", "secret", "  secret "):
        assert await ben.call("POST", "/api/rooms/", {"room_name": name}, status=400) == taken
        assert await ben.call("POST", "/api/rooms/", {"room_name": name, "users": ["ann"]}, status=400) == taken
    for bad in ("", None, "x" * 101, "dm_1_2", "a/b", ["a"], True):
        assert (await ann.call("POST", "/api/rooms/", {"room_name": bad}, status=400)).keys() == {"room_name"}, bad
    for users, told in (
        (["nobody", "ben"], ["There is no user nobody."]),
        (["BEN"], ["There is no user BEN."]),
        ([7], ["There is no user 7."]),
        ([""], ["This field may not be blank."]),
        ({}, ['Expected a list of items but got type "dict".']),
        (["ben"] * 101, ["Ensure this field has no more than 100 elements."]),
    ):
        body: dict[str, Any] = {"room_name": "b", "users": users}
        assert await ann.call("POST", "/api/rooms/", body, status=400) == {"users": told}
    alone = await ann.call("POST", "/api/rooms/", {"room_name": "alone", "users": []}, status=201)
    assert alone["users"] == ["ann"]
    pair = await ann.call("POST", "/api/rooms/", {"room_name": "pair", "users": ["ben", "ann", "ben"]}, status=201)
    assert pair["users"] == ["ann", "ben"]
    assert await names(here, ben) == ["general", "x" * 100, "secret", "pair"]
    # Names that differ in spelling alone are two rooms, with two conversations.
    for name in ("a b", "a-b"):
        await ann.post(await ann.make_room(name), name)
        assert next(message["content"] for message in await nobody(here, "/api/messages/")) == name
    async with ann.line("a b") as one, ann.line("a-b") as other:
        await one.send({"message": "1"})
        await other.send({"message": "2"})
        assert [(await line.receive())["message"] for line in (one, other)] == ["1", "2"]
    # Only who made it may change it; who is in it may know of it.
    for method in ("PUT", "PATCH", "DELETE"):
        assert await ben.call(method, f"/api/rooms/{secret}/", {"room_name": "mine"}, status=403) == NOT_ALLOWED
    for method, body in (("PUT", {}), ("PUT", {"room_name": "general"}), ("PATCH", {"room_name": " "})):
        assert (await ann.call(method, f"/api/rooms/{secret}/", body, status=400)).keys() == {"room_name"}
    renamed = await ann.call("PUT", f"/api/rooms/{secret}/", {"room_name": "Deeper", "users": ["eve"]})
    assert (renamed["room_name"], renamed["users"]) == ("Deeper", ["ann", "ben"])
    at_once = [ann.here.http.post("/api/rooms/", json={"room_name": "One"}, headers=ann.basic) for _ in range(4)]
    assert sorted([response.status_code for response in await asyncio.gather(*at_once)]) == [201, 400, 400, 400]


async def test_messages_and_what_is_wrong_with_them(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("kitchen")

    async def post(status: int, **body: Any) -> Any:
        return await ann.call("POST", "/api/messages/", {"room": room, "content": "x", **body}, status=status)

    assert await ann.call("POST", "/api/messages/", {}, status=400) == {"room": REQUIRED, "content": REQUIRED}
    for bad, told in (
        (str(uuid4()), ["Room not found."]), (uuid4().hex, ["Room not found."]), ("no room", NO_UUID), ("", NO_UUID),
        (7, NO_UUID), (True, NO_UUID), (["a"], NO_UUID), (None, ["This field may not be null."]),
        ("a\x00", ["Null characters are not allowed."]),
    ):  # fmt: skip
        assert await post(400, room=bad) == {"room": told}, bad
    for content in ("", " \n", None, ["a"], "x" * 16_385, "a\x00b"):
        assert (await post(400, content=content)).keys() == {"content"}
    for me in ("ann", ann.number, str(ann.number), None):
        assert (await post(201, user=me))["user"] == "ann"
    for other in ("ben", ben.number, str(ben.number), "", "nobody", True, [ann.number]):
        assert await post(403, user=other) == AS_SOMEBODY_ELSE, other
    for reference in ("kitchen", " kitchen ", room.upper(), UUID(room).hex):
        assert (await post(201, room=reference))["room"] == "kitchen"
    texts = ["x" * 16_384, "Größe 🦉 \u202e עברית", "42", "typing"]
    for text in (*texts[:2], 42, texts[3]):
        await post(201, content=text)
    assert (await said(here, room))[:4] == texts[::-1]


async def test_messages_of_others_and_what_is_not_there(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("kitchen")
    # To post in an open room is to join it.
    await ben.post("kitchen", "knock knock")
    assert (await nobody(here, f"/api/rooms/{room}/"))["users"] == ["ann", "ben"]
    number = (await ben.call("GET", "/api/messages/"))[0]["message_uuid"]
    for method in ("PUT", "PATCH", "DELETE"):
        assert await ann.call(method, f"/api/messages/{number}/", {"content": "mine"}, status=403) == NOT_ALLOWED
    for method, body in (("PUT", {}), ("PUT", {"content": ""}), ("PATCH", {"content": "x" * 16_385})):
        assert (await ben.call(method, f"/api/messages/{number}/", body, status=400)).keys() == {"content"}
    for bad in ("nonsense", "", "7", room[:-1]):
        assert await nobody(here, f"/api/messages/?room_uuid={bad}", 400) == {"room_uuid": NO_UUID}
    assert await said(here, UUID(room).hex) == await said(here, room)
    for path in ("/api/messages/999/", f"/api/messages/{uuid4()}/", "/api/messages/x/", f"/api/messages/{'9' * 30}/"):
        assert await nobody(here, path, 404) == NO_MESSAGE
    for path in ("/api/rooms/0/", f"/api/rooms/{uuid4()}/", "/api/rooms/kitchen/", f"/api/rooms/{'9' * 30}/"):
        assert await nobody(here, path, 404) == NO_ROOM


async def test_nothing_private_is_there_for_others(here: Place) -> None:
    """What must not be reproduced: 1:1 rooms open to everybody."""
    ann, ben, eve = [await somebody(here, name) for name in ("ann", "ben", "eve")]
    room = await ann.make_room("secret", "ben")
    posted = await ann.post(room, "psst")
    assert await said(here, room, ben) == ["psst"]
    unknown = await ann.make_room("gone", "ben")
    await ann.call("DELETE", f"/api/rooms/{unknown}/", status=204)
    for by in (eve, None):
        assert await names(here, by) == ["general"]
        assert await said(here, room, by) == await said(here, unknown, by) == []
        every = await by.call("GET", "/api/messages/") if by else await nobody(here, "/api/messages/")
        assert every == []
    for path in (f"/api/rooms/{room}/", "/api/rooms/2/", f"/api/rooms/{unknown}/"):
        assert await eve.call("GET", path, status=404) == await nobody(here, path, 404) == NO_ROOM
        for method in ("PUT", "DELETE"):
            assert await eve.call(method, path, {"room_name": "x"}, status=404) == NO_ROOM
    for path in (f"/api/messages/{posted['message_uuid']}/", "/api/messages/1/"):
        assert await eve.call("GET", path, status=404) == await nobody(here, path, 404) == NO_MESSAGE
        assert await eve.call("DELETE", path, status=404) == NO_MESSAGE
    for reference, same_as in ((room, unknown), ("secret", "gone")):
        answers = [
            await eve.call("POST", "/api/messages/", {"room": each, "content": "x"}, status=400)
            for each in (reference, same_as)
        ]
        assert answers[0] == answers[1]


async def test_nobody_writes_without_a_credential(here: Place) -> None:
    """What must not be reproduced: posting, renaming and deleting by anybody."""
    ann = await somebody(here, "ann")
    room = await ann.make_room("kitchen")
    await ann.post(room, "x")
    for method, path in (
        ("POST", "/api/messages/"), ("POST", "/api/rooms/"), ("PUT", "/api/rooms/2/"), ("PATCH", "/api/rooms/2/"),
        ("DELETE", "/api/rooms/2/"), ("PUT", "/api/messages/1/"), ("PATCH", "/api/messages/1/"),
        ("DELETE", "/api/messages/1/"), ("DELETE", "/api/rooms/999/"),
    ):  # fmt: skip
        for headers in ({}, {"authorization": "Bearer nonsense"}, {"cookie": "sessionid=nonsense"}):
            response = await here.http.request(method, path, json={}, headers=headers)
            assert (response.status_code, response.json()) == (401, NO_CREDENTIALS), (method, path)
            assert response.headers["www-authenticate"] == 'Bearer realm="api"', "no window for a password in browsers"
    assert await said(here, room) == ["x"]


async def test_forms_paths_and_methods(here: Place) -> None:
    ann = await somebody(here, "ann")
    await somebody(here, "bea")
    await somebody(here, "cat")
    made = await here.http.post("/api/rooms", data={"room_name": "Büro", "users": ["bea", "cat"]}, headers=ann.basic)
    assert (made.status_code, made.json()["users"]) == (201, ["ann", "bea", "cat"])
    body: dict[str, Any] = {"data": {"room_name": "Multi", "users": ["bea"]}, "files": {"none": b""}}
    made = await here.http.post("/api/rooms/", **body, headers=ann.basic)
    assert made.status_code == 400, "files are not taken"
    parts = {"room_name": (None, "Multi"), "users": (None, "bea")}
    made = await here.http.post("/api/rooms/", files=parts, headers=ann.basic)
    assert (made.status_code, made.json()["users"]) == (201, ["ann", "bea"])
    raw = {**ann.basic, "content-type": "application/x-www-form-urlencoded"}
    posted = await here.http.post("/api/messages", content="room=Büro&content=Grüße+%F0%9F%A6%89".encode(), headers=raw)
    assert (posted.status_code, posted.json()["content"]) == (201, "Grüße 🦉")
    for content, status in (("x=\xff".encode("latin-1"), 400), (b"{", 400), (b"&".join([b"a=b"] * 300), 400)):
        assert (await here.http.post("/api/messages/", content=content, headers=raw)).status_code == status
    wrong = await here.http.delete("/api/rooms/")
    assert (wrong.status_code, wrong.json()) == (405, {"detail": 'Method "DELETE" not allowed.'})
    assert wrong.headers["allow"] == "GET, POST, HEAD, OPTIONS"
    assert (await nobody(here, "/api/nothing/", 404)) == {"detail": "Not found."}
    malformed = await here.http.post(
        "/api/messages/", content=b"{", headers={**ann.basic, "content-type": "application/json"}
    )
    assert (malformed.status_code, malformed.json()["detail"][:18]) == (400, "JSON parse error -")
    xml = await here.http.post("/api/messages/", content=b"<a/>", headers={**ann.basic, "content-type": "text/xml"})
    assert xml.status_code == 415


async def test_rooms_of_elsewhere(here: Place) -> None:
    """Rooms of API v1, direct ones too, are known by a name or by their id, which their sockets take."""
    ann, eve = await somebody(here, "ann"), await somebody(here, "eve")
    [vera] = await here.server.people("vera")
    [person] = (await vera.call("GET", "users?q=ann"))["items"]
    direct = (await vera.call("PUT", f"users/{person['id']}/direct"))["id"]
    twin = await here.server.room(vera, kind="private", name="general")
    await vera.call("POST", f"rooms/{twin}/members", {"user": person["id"]})
    assert await names(here, ann) == ["general", "dm_1_3", "general"]
    assert await names(here, eve) == ["general"]
    for room in (direct, twin):
        async with ann.line(room) as line:
            await line.send({"message": room})
            assert (await line.receive())["message"] == room
            assert (await vera.call("GET", f"rooms/{room}/messages"))["items"][-1]["body"] == room
        assert await here.refused(room, eve.token) == 403
    for method in ("PUT", "DELETE"):
        assert await ann.call(method, f"/api/rooms/{direct}/", {"room_name": "x"}, status=403) == NOT_ALLOWED
    retitled = await ann.make_room("kitchen")
    await here.server.application.services.sessions.identify(ann.token)
    await here.http.patch(
        f"http://127.0.0.1:{here.server.port}/api/v1/rooms/{retitled}",
        json={"title": "The kitchen"},
        headers=ann.bearer,
    )
    await ann.call("PATCH", f"/api/rooms/{retitled}/", {"room_name": "galley"})
    shown = await vera.call("GET", f"rooms/{retitled}")
    assert (shown["name"], shown["title"]) == ("galley", "The kitchen")


async def test_lists_are_bounded(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, dialect_list=3, dialect_history=2) as here:
        ann, _, _, _ = [await somebody(here, name) for name in ("ann", "ben", "cat", "dan")]
        rooms = [await ann.make_room(str(number)) for number in range(5)]
        assert await names(here, ann) == ["2", "3", "4"]
        assert [user["username"] for user in await ann.call("GET", "/api/users/")] == ["ann", "ben", "cat"]
        for number in range(4):
            await ann.post(rooms[number % 2], str(number))
        assert await said(here, rooms[0]) == ["2", "0"]
        assert [message["content"] for message in await nobody(here, "/api/messages/")] == ["3", "2"]


async def test_the_page_and_its_files(tmp_path: Path) -> None:
    """They work wherever they are served; no script comes from elsewhere."""
    for where in WHERE:
        async with place(tmp_path / where, NAME, where) as here:
            page = await here.http.get("/")
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'" in policy
            assert f"connect-src 'self' ws://{here.host};" in policy
            assert "unsafe" not in policy
            linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            assert len(linked) >= 4
            scripts = (await here.http.get("/page/main.js")).text
            imported = [f"page/{name}" for name in re.findall(r'from "\./([\w.]+)"', scripts)]
            assert len(imported) >= 5
            for path in (*linked, *imported):
                assert not path.startswith(("/", "http"))
                assert (await here.http.get(f"/{path}")).status_code == 200, path
            assert "innerHTML" not in page.text + scripts
            assert (await here.http.head("/")).status_code == 200
            assert (await here.http.post("/")).status_code == 405
            assert (await here.http.get("/page/none.js")).status_code == 404
            tag = {"if-none-match": page.headers["etag"]}
            assert (await here.http.get("/", headers=tag)).status_code == 304
            if where == "prefix":
                bare = await here.http.get(f"http://127.0.0.1:{here.server.port}/compat/channels")
                assert (bare.status_code, bare.headers["location"]) == (308, "channels/")


async def test_the_page_of_the_documentation(here: Place, tmp_path: Path) -> None:
    told = await paste(NAME, here.server.port, tmp_path)
    assert told.count('"content":"Hello"') == 3, told
    assert '{"detail":"Authentication credentials were not provided."}' in told
    assert await play(NAME, here.server.port, tmp_path) == "ana: Hello from JavaScript\n"
