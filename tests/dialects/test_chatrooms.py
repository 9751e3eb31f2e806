"""The dialect chatrooms, as its document has it. What all dialects do alike: test_application.py, test_lines.py."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from support.dialect_page import paste, play
from support.dialects import PASSWORD, WHERE, Place, Where, place

NAME = "chatrooms"
NO_ACCOUNT = {"detail": "No active account found with the given credentials"}
REQUIRED, BLANK = ["This field is required."], ["This field may not be blank."]
NAME_TAKEN = {"name": ["chat room with this name already exists."]}
USERNAME_TAKEN = ["A user with that username already exists."]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def register(here: Place, name: str = "ann", **more: Any) -> dict[str, Any]:
    response = await here.http.post("/api/register/", json={"username": name, "password": PASSWORD, **more})
    assert response.status_code == 201, response.text
    registered: dict[str, Any] = response.json()
    return registered


def bearer(registered: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {registered['tokens']['access']}"}


async def make(here: Place, who: dict[str, Any], name: str) -> int:
    made = await here.http.post("/api/chatrooms/", json={"name": name}, headers=bearer(who))
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def post(here: Place, who: dict[str, Any], room: object, content: object) -> httpx.Response:
    body = {"chatroom_id": room, "content": content}
    return await here.http.post("/api/messages/create/", json=body, headers=bearer(who))


async def history(here: Place, who: dict[str, Any], room: object) -> Any:
    response = await here.http.get(f"/api/messages/{quote(str(room), safe='')}/", headers=bearer(who))
    assert response.status_code == 200, response.text
    return response.json()


async def private_room(here: Place, owner: dict[str, Any], name: str) -> dict[str, Any]:
    body = {"kind": "private", "name": name}
    made = await here.server.http.post("/api/v1/rooms", json=body, headers=bearer(owner))
    room: dict[str, Any] = made.json()
    return room


@pytest.mark.parametrize("where", WHERE)
async def test_played_through(tmp_path: Path, where: Where) -> None:
    """Sign up and in, make a room, talk, read it back: under the prefix, at the root, at a host name of its own."""
    async with place(tmp_path, NAME, where) as here:
        credentials = {"username": "ann", "password": "12345"}
        signed_up = await here.http.post("/api/register/", json={**credentials, "email": "ann@example.org"})
        ann = signed_up.json()
        user = {"id": 1, "username": "ann", "email": "ann@example.org"}
        assert (signed_up.status_code, ann) == (201, {"user": user, "tokens": ann["tokens"]})
        assert ann["tokens"].keys() == {"refresh", "access"}
        signed_in = await here.http.post("/api/token/", json=credentials)
        assert (signed_in.status_code, signed_in.json().keys()) == (200, {"refresh", "access"})
        token = signed_in.json()["access"]
        headers = {"authorization": f"Bearer {token}"}
        made = await here.http.post("/api/chatrooms/", json={"name": "Büro 1"}, headers=headers)
        number = made.json()["id"]
        assert (made.status_code, made.json().keys()) == (201, {"id", "name", "created_at"})
        assert made.json()["created_at"].endswith("Z")
        listed = (await here.http.get("/api/chatrooms/", headers=headers)).json()
        assert [room["name"] for room in listed] == ["general", "Büro 1"]
        assert listed[1] == made.json()
        assert await history(here, ann, "Büro 1") == []
        bob = await register(here, "bob")
        async with here.socket("Büro 1", token) as one, here.socket(str(number), bob["tokens"]["access"]) as other:
            await one.send({"message": "Hello", "username": "eve", "user_id": 7})
            frame = await one.receive()
            assert frame == await other.receive()
            await other.send({"message": "Hi"})
            second = await one.receive()
            assert second == await other.receive()
        assert (second["message"], second["username"], second["user_id"]) == ("Hi", "bob", 2)
        assert {**frame, "id": "", "date": ""} == {
            "type": "chat_message", "room_id": str(number), "user": "ann", "username": "ann", "user_id": 1,
            "message": "Hello", "id": "", "date": "",
        }  # fmt: skip
        assert (len(frame["id"]), frame["date"][-1]) == (36, "Z")
        first, _ = await history(here, ann, "Büro 1")
        assert first == {
            "id": first["id"], "user": "ann", "chatroom": "Büro 1", "content": "Hello", "timestamp": frame["date"],
        }  # fmt: skip
        numbered = await history(here, ann, number)
        assert numbered["messages"][0] == {**first, "chatroom": number, "user": 1}
        assert [type(message["id"]) for message in numbered["messages"]] == [int, int]


# Accounts


NOT_SIGNED_UP: list[tuple[dict[str, Any], dict[str, list[str]] | None]] = [
    ({}, {"username": REQUIRED, "password": REQUIRED}),
    ({"username": " ", "password": ""}, {"username": BLANK, "password": BLANK}),
    ({"username": "ann"}, {"username": USERNAME_TAKEN}),
    ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
    (
        {"username": ["x"], "password": True},
        {"username": ["Not a valid string."], "password": ["Not a valid string."]},
    ),
    ({"username": "bob", "email": "bob"}, {"email": ["Enter a valid email address."]}),
    (
        {"username": "bob", "password": "x" * 129},
        {"password": ["Ensure this field has no more than 128 characters."]},
    ),
    ({"username": "a b"}, None),
    ({"username": "a\x00b"}, None),
    ({"username": "deleted-1"}, None),
]


async def test_what_signing_up_refuses(here: Place) -> None:
    """In the words of both revisions at once."""
    await register(here)
    for body, wanted in NOT_SIGNED_UP:
        usual = {"password": "12345"} if "username" in body and "password" not in body else {}
        refused = await here.http.post("/api/register/", json={**usual, **body})
        said = refused.json()
        faults = wanted or {"username": said["details"]["username"]}
        assert (refused.status_code, said) == (400, {"error": "Invalid data", "details": faults, **faults})


async def test_signing_up(here: Place) -> None:
    for number, (name, more) in enumerate(
        [
            ("ann", {}),
            ("Ann", {"email": ""}),
            ("a.b@c+d-e_f", {"email": "X@Example.org"}),
            ("x" * 150, {}),
            ("çağ", {}),
        ],
        1,
    ):
        registered = await register(here, name, **more)
        assert registered["user"] == {"id": number, "username": name, "email": more.get("email", "")}
        assert PASSWORD not in str(registered)
        assert (await here.http.get("/api/chatrooms/", headers=bearer(registered))).status_code == 200
    body = {"username": "form", "password": " pass "}
    assert (await here.http.post("/api/register", data=body)).status_code == 201
    for password, status in ((" pass ", 200), ("pass", 401)):
        assert (await here.http.post("/api/token/", data={**body, "password": password})).status_code == status


async def test_names_taken_at_once(here: Place) -> None:
    """Not reproduced: a check and then an insert, which race into a 500."""
    bodies = [here.http.post("/api/register/", json={"username": "ann", "password": "x"}) for _ in range(4)]
    made = await asyncio.gather(*bodies)
    assert sorted(each.status_code for each in made) == [201, 400, 400, 400]
    assert [each.json()["username"] for each in made if each.status_code == 400] == [USERNAME_TAKEN] * 3
    ann = next(each.json() for each in made if each.status_code == 201)
    rooms = [here.http.post("/api/chatrooms/", json={"name": "a"}, headers=bearer(ann)) for _ in range(4)]
    made = await asyncio.gather(*rooms)
    assert sorted(each.status_code for each in made) == [201, 400, 400, 400]
    assert [each.json() for each in made if each.status_code == 400] == [NAME_TAKEN] * 3


async def test_signing_in(here: Place) -> None:
    await register(here, email="ann@example.org")
    right = {"username": "ann", "password": PASSWORD}
    both = await here.http.post("/api/login/", json=right)
    tokens = both.json()["tokens"]
    user = {"id": 1, "username": "ann"}
    assert (both.status_code, both.json()) == (200, {**tokens, "user": user, "tokens": tokens})
    assert (await here.http.get("/api/chatrooms/", headers=bearer({"tokens": tokens}))).status_code == 200
    # The address is profile data: nobody signs in with it.
    error = "Invalid username or password."
    for wrong in ({"username": "ann@example.org"}, {"password": "another"}, {"username": "bob"}):
        refused = await here.http.post("/api/token/", json={**right, **wrong})
        assert (refused.status_code, refused.json()) == (401, NO_ACCOUNT)
        refused = await here.http.post("/api/login/", json={**right, **wrong})
        assert (refused.status_code, refused.json()) == (401, {"error": error, **NO_ACCOUNT})
    missing = await here.http.post("/api/token/", json={"username": "ann"})
    assert (missing.status_code, missing.json()) == (400, {"password": REQUIRED})
    missing = await here.http.post("/api/login/", json={"username": "ann"})
    error = "Username and password are required."
    assert (missing.status_code, missing.json()) == (400, {"error": error, "password": REQUIRED})


async def test_refreshing(here: Place) -> None:
    pair = (await register(here))["tokens"]
    for expected in (200, 401):
        again = await here.http.post("/api/token/refresh/", json={"refresh": pair["refresh"]})
        assert again.status_code == expected
    assert again.json() == {"detail": "Token is blacklisted", "code": "token_not_valid"}
    for token, said in (("x.y.z", "Token is invalid or expired"), (pair["access"], "Token has wrong type")):
        refused = await here.http.post("/api/token/refresh/", json={"refresh": token})
        assert (refused.status_code, refused.json()) == (401, {"detail": said, "code": "token_not_valid"})
    assert (await here.http.post("/api/token/refresh/", json={})).json() == {"refresh": REQUIRED}


# Rooms


NOT_NAMED: list[tuple[Any, list[str] | None]] = [
    (None, ["This field may not be null."]),
    ("  ", BLANK),
    ("x" * 256, ["Ensure this field has no more than 255 characters."]),
    (["x"], ["Not a valid string."]),
    ("taken", NAME_TAKEN["name"]),
    (" taken ", NAME_TAKEN["name"]),
    ("a/b", None),
    ("dm_1_2", None),
    ("a\nb", None),
    ("a\x00b", None),
]


async def test_names_that_are_refused(here: Place) -> None:
    ann = await register(here)
    await make(here, ann, "taken")
    for name, said in NOT_NAMED:
        refused = await here.http.post("/api/chatrooms/", json={"name": name}, headers=bearer(ann))
        assert (refused.status_code, list(refused.json())) == (400, ["name"])
        assert refused.json()["name"] == (said or refused.json()["name"])
    missing = await here.http.post("/api/chatrooms/", headers=bearer(ann))
    assert (missing.status_code, missing.json()) == (400, {"name": REQUIRED})


async def test_who_is_not_signed_in_gets_nothing(here: Place) -> None:
    calls = [("GET", "/api/chatrooms/"), ("POST", "/api/chatrooms/"), ("GET", "/api/messages/general/")]
    calls += [("POST", "/api/messages/create/"), ("GET", "/api/messages/create/")]
    calls += [("DELETE", "/api/messages/delete/1/"), ("DELETE", "/api/chatrooms/delete/1/")]
    for method, path in calls:
        refused = await here.http.request(method, path)
        assert refused.status_code == 401, path
        assert refused.json() == {"detail": "Authentication credentials were not provided."}


async def test_rooms_are_open_and_those_of_others_are_not_there(here: Place) -> None:
    """A private room cannot be told from one that does not exist, by name or by number, here or at its socket."""
    ann, bob = await register(here), await register(here, "bob")
    names = ["50% & more?", "#1", "日本 🐎", "create", "delete", "7000000"]
    for name in names:
        number = await make(here, ann, name)
        assert (await post(here, bob, number, name)).status_code == 201  # he has joined by that
    listed = [(await here.http.get("/api/chatrooms", headers=bearer(who))).json() for who in (ann, bob)]
    assert listed[0] == listed[1]
    assert [room["name"] for room in listed[0]] == ["general", *names]
    assert [room["id"] for room in listed[0]] == sorted(room["id"] for room in listed[0])
    for name in names:
        assert [message["content"] for message in await history(here, ann, name)] == [name]
    secret = await private_room(here, ann, "secret")
    number, token = secret["number"], bob["tokens"]["access"]
    assert (await post(here, ann, number, "psst")).status_code == 201
    assert [message["content"] for message in await history(here, ann, "secret")] == ["psst"]
    assert "secret" in [room["name"] for room in (await here.http.get("/api/chatrooms/", headers=bearer(ann))).json()]
    assert (await here.http.get("/api/chatrooms/", headers=bearer(bob))).json() == listed[1]
    unknown = number + 1_000
    for room, nothing in (("secret", "nothing"), (number, unknown), (secret["id"], "x"), (0, "9" * 99), ("-1", "٣")):
        for each in (room, nothing):
            assert await history(here, bob, each) == []
            assert await here.refused(str(each), token) == 403
    for room in (number, unknown, -1, 2**63):
        refused = await post(here, bob, room, "x")
        assert (refused.status_code, refused.json()) == (404, {"error": "Chatroom not found."})
        if room >= 0:
            refused = await here.http.delete(f"/api/chatrooms/delete/{room}/", headers=bearer(bob))
            assert (refused.status_code, refused.json()) == (404, {"error": "Chatroom not found."})


async def test_a_room_that_is_called_like_the_number_of_another(here: Place) -> None:
    """The name comes first."""
    ann = await register(here)
    number = await make(here, ann, "one")
    namesake = await make(here, ann, str(number))
    await post(here, ann, namesake, "by name")
    assert [message["content"] for message in await history(here, ann, number)] == ["by name"]
    async with here.socket(str(number), ann["tokens"]["access"]) as line:
        await line.send({"message": "here"})
        assert (await line.receive())["room_id"] == str(namesake)


async def test_deleting_a_room(here: Place) -> None:
    ann, bob = await register(here), await register(here, "bob")
    number = await make(here, ann, "attic")
    await post(here, bob, number, "x")
    refused = await here.http.delete(f"/api/chatrooms/delete/{number}/", headers=bearer(bob))
    assert (refused.status_code, refused.json()) == (403, {"error": "You can only delete rooms you created."})
    gone = await here.http.delete(f"/api/chatrooms/delete/{number}", headers=bearer(ann))
    assert (gone.status_code, gone.content) == (204, b"")
    again = await here.http.delete(f"/api/chatrooms/delete/{number}/", headers=bearer(ann))
    assert (again.status_code, again.json()) == (404, {"error": "Chatroom not found."})
    assert await history(here, ann, "attic") == await history(here, ann, number) == []
    assert await make(here, bob, "attic") > number


# Messages


async def test_posting_over_http(here: Place) -> None:
    """It is told to the sockets, too; so is what they say stored."""
    ann, bob = await register(here), await register(here, "bob")
    number = await make(here, ann, "attic")
    text = "é😀" * 8_192
    async with here.socket("attic", ann["tokens"]["access"]) as line:
        made = await post(here, bob, str(number), text)
        message = made.json()
        assert (made.status_code, {**message, "timestamp": ""}) == (
            201,
            {"id": message["id"], "chatroom": number, "user": 2, "content": text, "timestamp": ""},
        )
        frame = await line.receive()
        assert (frame["message"], frame["user_id"], frame["date"]) == (text, 2, message["timestamp"])
        content = {"chatroom_id": str(number), "content": " as a form "}
        assert (await here.http.post("/api/messages/create", data=content, headers=bearer(bob))).status_code == 201
        assert (await line.receive())["message"] == " as a form "
        assert (await post(here, bob, number, 7)).json()["content"] == "7"
        assert (await line.receive())["message"] == "7"
    assert [each["content"] for each in await history(here, ann, "attic")] == [text, " as a form ", "7"]
    for room, wrong in (
        (number, ""),
        (number, None),
        (number, ["x"]),
        ("", "x"),
        (None, "x"),
        ("attic", "x"),
        (True, "x"),
    ):
        refused = await post(here, bob, room, wrong)
        assert (refused.status_code, refused.json()) == (400, {"error": "chatroom_id and content are required."})
    for wrong in (" \n", text + "x"):
        refused = await post(here, bob, number, wrong)
        assert (refused.status_code, list(refused.json())) == (400, ["error"])


async def test_deleting_a_message(here: Place) -> None:
    ann, bob = await register(here), await register(here, "bob")
    number = await make(here, ann, "attic")
    first, second = [(await post(here, bob, number, text)).json()["id"] for text in ("one", "two")]
    secret = await private_room(here, bob, "secret")
    hidden = (await post(here, bob, secret["number"], "psst")).json()["id"]
    refused = await here.http.delete(f"/api/messages/delete/{first}/", headers=bearer(ann))
    assert (refused.status_code, refused.json()) == (403, {"error": "You can only delete your own messages."})
    gone = await here.http.delete(f"/api/messages/delete/{first}", headers=bearer(bob))
    assert (gone.status_code, gone.content) == (204, b"")
    assert [each["id"] for each in await history(here, ann, "attic")] == [second]
    for who, each in ((bob, first), (ann, first), (ann, hidden), (ann, hidden + 100), (ann, "9" * 99), (ann, 0)):
        refused = await here.http.delete(f"/api/messages/delete/{each}/", headers=bearer(who))
        assert (refused.status_code, refused.json()) == (404, {"error": "Message not found."})
    assert (await here.http.delete("/api/messages/delete/x/", headers=bearer(ann))).status_code == 404


async def test_lists_and_histories_are_bounded(tmp_path: Path) -> None:
    """Not reproduced: all there is. The newest are kept, oldest first."""
    async with place(tmp_path, NAME, dialect_list=3, dialect_history=2) as here:
        ann = await register(here)
        for number in range(5):
            await make(here, ann, str(number))
            await post(here, ann, 1, str(number))
        assert len((await here.http.get("/api/chatrooms/", headers=bearer(ann))).json()) == 3
        assert [each["content"] for each in await history(here, ann, "general")] == ["3", "4"]


# Sockets


async def test_who_gets_no_socket(here: Place) -> None:
    """Not reproduced: refresh tokens, rooms that are not there, a token found by searching the text of the query."""
    ann = await register(here)
    token = ann["tokens"]["access"]
    for bad in (None, "", "x.y.z", ann["tokens"]["refresh"], f"&token={token}", token[:-1]):
        assert await here.refused("general", bad) == 403
    assert await here.refused("nothing", token) == 403
    assert (await here.http.get("/api/messages/nothing/", headers=bearer(ann))).json() == []
    assert "nothing" not in (await here.http.get("/api/chatrooms/", headers=bearer(ann))).text


QUERIES = [
    ("?a=1&token={token}&b=2", 101),
    ("?token={encoded}", 101),
    ("?token={token}&token=x", 101),
    ("?token=x&token={token}", 403),
    ("?token=&token={token}", 403),
    ("?mytoken={token}", 403),
    ("?x=token={token}", 403),
    ("?" + "a=1&" * 100 + "token={token}", 403),
]


async def test_the_token_is_the_first_of_the_query(here: Place) -> None:
    token = (await register(here))["tokens"]["access"]
    encoded = "".join(f"%{ord(character):02x}" for character in token)
    headers = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    headers["sec-websocket-key"] = "MDEyMzQ1Njc4OWFiY2RlZg=="
    for pattern, status in QUERIES:
        query = pattern.format(token=token, encoded=encoded)
        async with here.http.stream("GET", f"/ws/chat/general/{query}", headers=headers) as response:
            assert response.status_code == status, pattern


async def test_connecting_is_joining(here: Place) -> None:
    ann, bob = await register(here), await register(here, "bob")
    room = await make(here, ann, "attic")
    rooms = "/api/v1/rooms"
    before = (await here.server.http.get(rooms, headers=bearer(bob))).json()["items"]
    async with here.socket("attic", bob["tokens"]["access"], slash=False):
        pass
    after = (await here.server.http.get(rooms, headers=bearer(bob))).json()["items"]
    assert [each["number"] for each in after if each not in before] == [room]


async def test_one_order_for_everybody(here: Place) -> None:
    people = [await register(here, f"user{number}") for number in range(3)]
    async with (
        here.socket("general", people[0]["tokens"]["access"]) as one,
        here.socket("1", people[1]["tokens"]["access"]) as two,
        here.socket("general", people[2]["tokens"]["access"]) as three,
    ):
        lines = (one, two, three)
        await asyncio.gather(*(line.send({"message": str(number)}) for line in lines for number in range(10)))
        heard = [[await line.receive() for _ in range(30)] for line in lines]
    assert heard[0] == heard[1] == heard[2]
    assert len({frame["id"] for frame in heard[0]}) == 30
    stored = await history(here, people[0], "general")
    assert [each["content"] for each in stored] == [frame["message"] for frame in heard[0]]


async def test_the_examples_of_its_page(here: Place, tmp_path: Path) -> None:
    said = await paste(NAME, here.server.port, tmp_path)
    assert '"user":{"id":1,"username":"ann","email":"ann@example.org"}' in said, said
    assert said.count('"content":"Hello"') == 2, said
    assert '"user":"ann","chatroom":"kitchen","content":"Hello"' in said, said
    assert '"name":"general"' in said, said
    assert await play(NAME, here.server.port, tmp_path) == "ann: Hello from JavaScript\n"
