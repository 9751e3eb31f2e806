"""The dialect shh over HTTP, as its document has it and as its clients use it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from support.dialect_page import paste, play
from support.dialects import PASSWORD, WHERE, Place, Where, place
from support.shh import EVIL, NAME, SITE, Somebody, sign_in, sign_up, somebody

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
NO_ROOM = {"error": "Room not found"}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


@pytest.mark.parametrize("where", WHERE)
async def test_played_through(tmp_path: Path, where: Where) -> None:
    """All that the document has: under the prefix, at the root, at a host name of its own."""
    async with place(tmp_path, NAME, where) as here:
        user = {"id": 1, "username": "ann", "email": "ann@example.org"}
        registered = await sign_up(here, "ann")
        assert registered == {
            **user, "first_name": "", "last_name": "", "user": user, "message": "Registration successful",
        }  # fmt: skip
        response = await here.http.post("/login/", json={"username": "ann", "password": PASSWORD})
        assert response.status_code == 200
        assert response.json() == {"message": "Login successful", "token": response.json()["token"], "user": user}
        assert response.json()["token"].count(".") == 2
        cookies = response.headers.get_list("set-cookie")
        assert [cookie.split("=")[0] for cookie in cookies] == ["access_token", "refresh_token"]
        assert ["Max-Age=900" in cookies[0], "Max-Age=604800" in cookies[1]] == [True, True]
        for cookie in cookies:
            assert {"HttpOnly", "SameSite=Lax", f"Path={here.root}/"} <= set(cookie.split("; "))
            assert "Secure" not in cookie
        ann, ben = await sign_in(here, "ann"), await somebody(here, "ben")
        assert await ann.call("GET", "/api/users/") == [
            {"email": "ben@example.org", "first_name": "", "last_name": "", "id": 2, "username": "ben"}
        ]
        assert await ann.call("GET", "/rooms/") == {"rooms": [], "count": 0, "message": "No rooms found"}
        maker = {"id": "1", "email": "ann@example.org", "username": "ann"}
        made = await ann.call("POST", "/rooms/create/", {"chat_room_name": "Büro"}, status=201)
        room, at = made["room_id"], made["created_at"]
        assert str(UUID(room)) == room
        assert TIME.fullmatch(at)
        assert made == {"room_id": room, "chat_room_name": "Büro", "created_by": maker, "created_at": at}
        for said in ("Joined room Büro", "Already in room Büro"):
            assert await ben.call("POST", "/room/join/", {"room_id": room}) == {
                "message": said,
                "room": {"room_id": room, "room_name": "Büro", "created_at": at},
                "user": {"id": "2", "email": "ben@example.org", "username": "ben"},
            }
        for one in (ann, ben):
            assert await one.call("GET", "/rooms/") == {
                "rooms": [{"room_name": "Büro", "room_id": room, "created_at": at, "created_by": maker}],
                "count": 1,
                "message": "Rooms fetched successfully",
            }
        await talk(room, ann, ben)
        assert await ann.call("DELETE", f"/room/delete/{room}/") == {
            "message": "Room deleted successfully", "deleted_room": {"room_id": room},
        }  # fmt: skip
        assert await ben.call("DELETE", f"/room/delete/{room}/", status=404) == NO_ROOM


async def talk(room: str, ann: Somebody, ben: Somebody) -> None:
    """Both are in the room `Büro`."""
    async with ann.line(room) as line, ben.line("Büro", slash=False) as other:
        await line.send({"type": "message", "username": "x", "email": "y", "message": "Hello", "timestamp": "z"})
        frame = await line.receive()
        assert frame == await other.receive() == {
            "type": "message", "event": "chat_message", "message": "Hello", "user": "ann@example.org",
            "username": "ann", "timestamp": frame["timestamp"],
        }  # fmt: skip
        sent = await ben.call("POST", "/messages/Büro/send/", {"message": "Hi"}, status=201)
        assert (await line.receive())["message"] == (await other.receive())["message"] == "Hi"
    author = {"email": "ben@example.org", "first_name": "", "last_name": "", "id": 2}
    assert sent == {"user": author, "message": "Hi", "timestamp": sent["timestamp"], "chat_room": "chat_Büro"}
    assert TIME.fullmatch(sent["timestamp"])
    history = await ann.call("GET", "/messages/Büro/")
    assert history == await ann.call("GET", f"/messages/{room}")
    assert history["type"] == "message_history"
    assert history["messages"][1] == {"user": author, "message": "Hi", "timestamp": sent["timestamp"]}
    assert [message["message"] for message in history["messages"]] == ["Hello", "Hi"]


async def test_signing_up_and_in_as_clients_and_mistakes_do(here: Place) -> None:
    async def post(path: str, **body: Any) -> tuple[int, Any]:
        response = await here.http.post(path, json=body)
        return response.status_code, response.json()

    required, blank = ["This field is required."], ["This field may not be blank."]
    assert await post("/register/") == (400, {"email": required, "password": required})
    await sign_up(here, "ann", email="Ann@Example.org")
    good = {"username": "bea", "email": "bea@example.org", "password": PASSWORD}
    for wrong, said in (
        ({"username": "ann"}, {"username": ["user with this username already exists."]}),
        ({"username": "a n"}, None),
        ({"username": ""}, {"username": blank}),
        ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"email": "ann@EXAMPLE.org"}, {"email": ["user with this email already exists."]}),
        ({"email": "bea"}, {"email": ["Enter a valid email address."]}),
        ({"email": "x" * 250 + "@a.org"}, {"email": ["Ensure this field has no more than 254 characters."]}),
        ({"password": "password"}, {"password": ["This password is too common."]}),
        ({"password": "xk93mq1"}, {"password": ["This password is too short. It must contain at least 8 characters."]}),
        ({"password": "830274619283"}, {"password": ["This password is entirely numeric."]}),
        (
            {"password": "beatrice-k", "username": "beatrice"},
            {"password": ["The password is too similar to the username."]},
        ),
        ({"password": ["a"]}, {"password": ["Not a valid string."]}),
        ({"first_name": None}, {"first_name": ["This field may not be null."]}),
    ):
        status, body = await post("/register/", **{**good, **wrong})
        assert status == 400, wrong
        assert said is None or body == said
    cat = {"email": "cat@example.org", "password": PASSWORD}
    at_once = await asyncio.gather(*(post("/register/", **cat, username=f"cat{number}") for number in range(3)))
    assert sorted(status for status, _ in at_once) == [201, 400, 400]
    # The front end has names instead of a username: one is made, not of the address.
    names = {"first_name": "Bea", "last_name": "Ortega"}
    status, bea = await post("/register/", email="bea@example.org", password=PASSWORD, **names)
    assert status == 201
    assert {name: bea[name] for name in names} == names
    assert bea["username"] == bea["user"]["username"] != ""
    assert not re.search("bea|ortega|example", bea["username"], re.IGNORECASE)

    for login in (
        {"username": "ann"},
        {"email": "ANN@example.org"},
        {"email": "ann@example.org", "username": "nobody"},
        {"username": bea["username"]},
    ):
        status, body = await post("/login/", password=PASSWORD, **login)
        assert (status, body["message"]) == (200, "Login successful")
        assert "password" not in body["user"]
    refused = (400, {"non_field_errors": ["Invalid email or password"]})
    assert await post("/login/", username="ann", password="no") == refused
    assert await post("/login/", username="nobody", password=PASSWORD) == refused
    assert await post("/login/", email="nobody", username="ann", password=PASSWORD) == refused
    assert await post("/login/") == (400, {"username": required, "password": required})
    assert await post("/login/", username="ann") == (400, {"password": required})
    assert await post("/login/", email="", username="ann", password=PASSWORD) == (400, {"email": blank})


async def test_an_address_that_was_not_claimed_is_shown_to_nobody_and_opens_nothing(here: Place) -> None:
    """Accounts of other dialects and of API v1 may have any address as profile data."""
    ann = await somebody(here, "ann")
    body = {"username": "eve", "email": "bob@example.org", "password": PASSWORD}
    await here.http.post(f"http://127.0.0.1:{here.server.port}/compat/chatrooms/api/register/", json=body)
    [eve] = await ann.call("GET", "/api/users/")
    assert (eve["username"], eve["email"]) == ("eve", "")
    login = {"email": "bob@example.org", "password": PASSWORD}
    assert (await here.http.post("/login/", json=login)).status_code == 400
    await sign_up(here, "bob")
    assert (await here.http.post("/login/", json=login)).json()["user"]["username"] == "bob"
    here.http.cookies.clear()
    other = await sign_in(here, "eve")
    assert other.user["email"] == ""
    room = await other.make_room("Quiet")
    async with other.line(room) as line:
        await line.send({"message": "Hi"})
        frame = await line.receive()
        assert (frame["user"], frame["username"]) == ("", "eve")


async def test_rooms_and_what_is_wrong_with_them(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    for blank in (None, "", "  "):
        body: dict[str, Any] = {"chat_room_name": blank}
        assert await ann.call("POST", "/rooms/create/", body, status=400) == {"error": "Chat room name is required"}
    assert await ann.call("POST", "/rooms/create/", {}, status=400) == {"error": "Chat room name is required"}
    for wrong in (["a"], True, "dm_1_2"):
        assert (await ann.call("POST", "/rooms/create/", {"chat_room_name": wrong}, status=400)).keys() == {"error"}
    body = {"chat_room_name": "x" * 256}
    assert await ann.call("POST", "/rooms/create", body, status=400) == {"error": "Chat room name is too long"}
    await ann.make_room("x" * 255)
    slashed = await ann.make_room("either/or 🦉")
    await ann.call("POST", f"/messages/{slashed}/send", {"message": "by UUID"}, status=201)
    await ann.make_room("7")
    for name in ("7", 7, " 7 "):
        body = {"chat_room_name": name}
        said = {"error": "A room with this name already exists"}
        assert await ben.call("POST", "/rooms/create/", body, status=400) == said
    twice = [ben.here.http.post("/rooms/create/", json={"chat_room_name": "One"}, headers=ben.bearer) for _ in range(4)]
    assert sorted([response.status_code for response in await asyncio.gather(*twice)]) == [201, 400, 400, 400]


async def test_joining_and_deleting_and_what_is_wrong_with_it(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("7")
    for missing in ({}, {"room_id": ""}, {"room_id": None}):
        assert await ben.call("POST", "/room/join/", missing, status=400) == {"error": "Room ID is required"}
    for unknown in (str(uuid4()), "7", 7, ["a"], "not a uuid"):
        assert await ben.call("POST", "/room/join/", {"room_id": unknown}, status=404) == NO_ROOM
    for unknown in (str(uuid4()), "7", "x" * 300, room):
        assert await ben.call("DELETE", f"/room/delete/{unknown}/", status=404) == NO_ROOM
    await ben.call("POST", "/room/join/", {"room_id": room.upper()})
    said = {"error": "Only the room creator can delete this room"}
    assert await ben.call("DELETE", f"/room/delete/{room}/", status=403) == said
    [seen] = [each for each in (await ben.call("GET", "/rooms/"))["rooms"] if each["room_id"] == room]
    assert seen["created_by"]["username"] == "ann", "the creator, whoever asks"


async def test_messages_and_what_is_wrong_with_them(here: Place) -> None:
    ann = await somebody(here, "ann")
    room = await ann.make_room("7")
    for empty in ({}, {"message": ""}, {"message": " \n"}, {"message": None}):
        said = {"error": "Message field is required"}
        assert await ann.call("POST", "/messages/7/send/", empty, status=400) == said
    assert (await ann.call("POST", "/messages/7/send/", {"message": {}}, status=400)).keys() == {"error"}
    assert (await ann.call("POST", "/messages/7/send/", {"message": "x" * 16_385}, status=400)).keys() == {"error"}
    texts = ["x" * 16_384, "  Größe 🦉 \u202e עברית  ", "typing", "42"]
    for text in (*texts[:3], 42):
        await ann.call("POST", f"/messages/{room}/send/", {"message": text}, status=201)
    assert [each["message"] for each in (await ann.call("GET", "/messages/7/"))["messages"]] == texts


async def test_rooms_of_elsewhere(here: Place) -> None:
    """Reading, sending and connecting need participation; a public room may be joined by its UUID, no other."""
    server = here.server
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    [eve] = await server.people("eve")
    public, private = await server.room(eve, name="lobby"), await server.room(eve, kind="private")
    ids = {person["username"]: person["id"] for person in (await eve.call("GET", "users?q="))["items"]}
    direct = (await eve.call("PUT", f"users/{ids['ann']}/direct"))["id"]
    for room in (public, "lobby", private, direct):
        assert await ben.call("GET", f"/messages/{room}/", status=404) == NO_ROOM
        assert await ben.call("POST", f"/messages/{room}/send/", {"message": "x"}, status=404) == NO_ROOM
        assert await here.close_code(room, ben.token) == 4004
    for room in (private, direct):
        for one in (ann, ben):
            assert await one.call("POST", "/room/join/", {"room_id": room}, status=404) == NO_ROOM
    assert await ben.call("DELETE", f"/room/delete/{public}/", status=404) == NO_ROOM
    await ben.join(public)
    await ben.call("POST", "/messages/lobby/send/", {"message": "x"}, status=201)
    async with ben.line("lobby"):
        assert await ben.call("DELETE", f"/room/delete/{public}/", status=403)
    listed = (await ann.call("GET", "/rooms/"))["rooms"]
    assert [(room["room_id"], room["created_by"]["username"]) for room in listed] == [(direct, "")]
    assert listed[0]["room_name"]
    # And the other way round: rooms made here are listed to nobody else.
    mine = await ann.make_room("Mine")
    assert await eve.call("GET", f"rooms/{mine}", status=404)
    assert "Mine" not in str(await eve.call("GET", "rooms/directory"))


async def test_lists_are_bounded(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, dialect_list=2, dialect_history=3, dialect_greeting=2) as here:
        ann = await somebody(here, "ann")
        await here.server.guests("x", "y", "z")
        assert len(await ann.call("GET", "/api/users/")) == 2
        rooms = [await ann.make_room(name) for name in "abc"]
        assert (await ann.call("GET", "/rooms/"))["count"] == 2
        for text in "12345":
            await ann.call("POST", "/messages/a/send/", {"message": text}, status=201)
        assert [each["message"] for each in (await ann.call("GET", "/messages/a/"))["messages"]] == ["3", "4", "5"]
        async with here.socket(rooms[0], ann.token) as line:
            assert [each["message"] for each in (await line.receive())["messages"]] == ["4", "5"]


async def test_forms_and_paths(here: Place) -> None:
    http = here.http
    data = {"username": "ann", "email": "ann@example.org", "password": f" {PASSWORD} ", "more": "x"}
    assert (await http.post("/register", data=data)).status_code == 201
    login = {"email": "ann@example.org", "password": f" {PASSWORD} "}
    for sent in ({"data": login}, {"json": login}, {"files": {name: (None, text) for name, text in login.items()}}):
        response = await http.post("/login", **sent)
        assert response.status_code == 200, response.text
    bearer = {"authorization": f"bearer {response.json()['token']}"}
    http.cookies.clear()
    made = await http.post("/rooms/create", data={"chat_room_name": "a"}, headers=bearer)
    assert made.status_code == 201
    files = {"message": (None, "Grüße")}
    assert (await http.post("/messages/a/send", files=files, headers=bearer)).json()["message"] == "Grüße"
    for path in ("/rooms", "/api/users", "/messages/a"):
        assert (await http.get(path, headers=bearer)).status_code == 200
    gone = await http.delete(f"/room/delete/{made.json()['room_id']}", headers=bearer)
    assert gone.status_code == 200
    sent_as = {"content-type": "application/json"}
    response = await http.post("/login/", content=b"{", headers=sent_as)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("JSON parse error - ")
    assert (await http.post("/login/", content=b"[1]", headers=sent_as)).status_code == 400
    assert (await http.post("/login/", content=b"x", headers={"content-type": "text/plain"})).status_code == 415
    response = await http.put("/rooms/create/", headers=bearer)
    assert (response.status_code, response.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
    assert "POST" in response.headers["allow"]
    assert (await http.get("/nothing/")).json() == {"detail": "Not found."}


# What must not be reproduced


GUARDED = (
    ("GET", "/api/users/"),
    ("GET", "/rooms/"),
    ("POST", "/rooms/create/"),
    ("POST", "/room/join/"),
    ("DELETE", "/room/delete/0197a1b0-0000-7000-8000-00000000000a/"),
    ("GET", "/messages/a/"),
    ("POST", "/messages/a/send/"),
)


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_nothing_is_open_without_a_token(here: Place, method: str, path: str) -> None:
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer"}, {"origin": EVIL}):
        response = await here.http.request(method, path, headers=headers)
        assert (response.status_code, response.json()) == (401, NO_CREDENTIALS)
        assert response.headers["www-authenticate"] == 'Bearer realm="api"'
    forged = jwt.encode({"typ": "access", "num": 1, "sub": "1", "sid": "1", "iat": 1, "exp": 9**10}, "secret" * 8)
    for token in ("null", "a.b.c", "a b", forged):
        response = await here.http.request(method, path, headers={"authorization": f"Bearer {token}"})
        assert (response.status_code, response.json()) == (401, {"detail": "Invalid token"})


async def test_nobody_but_its_creator_deletes_a_room(here: Place) -> None:
    ann, ben, eve = [await somebody(here, name) for name in ("ann", "ben", "eve")]
    room = await ann.make_room("a")
    await ben.join(room)
    await ben.call("DELETE", f"/room/delete/{room}/", status=403)
    assert await eve.call("DELETE", f"/room/delete/{room}/", status=404) == NO_ROOM
    await ann.call("DELETE", f"/room/delete/{room}/")


async def test_no_history_for_who_is_not_in_the_room(here: Place) -> None:
    ann, eve = await somebody(here, "ann"), await somebody(here, "eve")
    room = await ann.make_room("a")
    for segment in ("a", room, "b", str(uuid4())):
        assert await eve.call("GET", f"/messages/{segment}/", status=404) == NO_ROOM
        assert await eve.call("POST", f"/messages/{segment}/send/", {"message": "x"}, status=404) == NO_ROOM
    assert (await ann.call("GET", "/messages/a/"))["messages"] == []


async def test_a_room_has_one_history_by_whatever_name(here: Place) -> None:
    ann = await somebody(here, "ann")
    room = await ann.make_room("a")
    for segment in ("a", room):
        sent = await ann.call("POST", f"/messages/{segment}/send/", {"message": segment}, status=201)
        assert sent["chat_room"] == f"chat_{segment}"
        async with ann.line(segment) as line:
            await line.send({"message": f"socket {segment}"})
            await line.receive()
    by_name = await ann.call("GET", "/messages/a/")
    assert by_name == await ann.call("GET", f"/messages/{room}/")
    assert [each["message"] for each in by_name["messages"]] == ["a", "socket a", room, f"socket {room}"]


# CORS


async def test_only_listed_pages_may_use_it_from_a_browser(here: Place) -> None:
    wanted = {"access-control-request-method": "DELETE", "access-control-request-headers": "authorization"}
    for origin in (SITE, "http://127.0.0.1:5173"):
        answer = (await here.http.options("/rooms/", headers={"origin": origin, **wanted})).headers
        assert answer["access-control-allow-origin"] == origin
        assert answer["access-control-allow-credentials"] == "true"
        headers = answer["access-control-allow-headers"]
        for name in ("authorization", "content-type", "x-csrftoken", "x-requested-with"):
            assert name in headers
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert method in answer["access-control-allow-methods"]
        simple = await here.http.get("/rooms/", headers={"origin": origin})
        assert simple.headers["access-control-allow-origin"] == origin
    refused: tuple[tuple[str, dict[str, str]], ...] = (
        ("OPTIONS", {"origin": EVIL, **wanted}),
        ("GET", {"origin": EVIL}),
        ("GET", {"origin": "null"}),
    )
    for method, sent in refused:
        answer = (await here.http.request(method, "/rooms/", headers=sent)).headers
        assert "access-control-allow-origin" not in answer
        assert "access-control-allow-credentials" not in answer


async def test_its_page_pasted_as_it_stands(here: Place, tmp_path: Path) -> None:
    said = (await paste(NAME, here.server.port, tmp_path)).splitlines()
    answers = [json.loads(line) for line in said if line.startswith("{")]
    assert [answer.get("message") for answer in answers] == [
        "Registration successful", "Registration successful", "Joined room plans", "Hello!", None,
        "Token refreshed successfully", "Logged out",
    ]  # fmt: skip
    assert answers[4]["messages"][0]["message"] == "Hello!"
    assert [line for line in said if not line.startswith("{")] == ["Login successful", "401"]
    assert await play(NAME, here.server.port, tmp_path) == "1 before\nana: Hello from JavaScript\n"
