"""Users by server key, over REST, on a whole server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from support.backend import SECRET, shared
from support.clock import FakeClock
from support.server import RunningServer, running_server
from tertulia.clock import SystemClock
from tertulia.domain.api_keys import SCOPES
from tertulia.domain.ids import new_id
from tertulia.domain.words import Action
from tertulia.services.api_keys import ApiKeys
from tertulia.storage import audit
from tertulia.storage.database import Database

API = "/api/v1/server"


class Backend:
    def __init__(self, server: RunningServer, key: str, clock: FakeClock) -> None:
        self.clock = clock
        self.server = server
        self.key = key

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        return await self.server.http.request(method, f"{API}{path}", json=body, headers=headers)

    async def put(self, external_id: str, **body: Any) -> Any:
        before = "external:" if external_id in {".", ".."} else ""  # clients resolve these
        response = await self.ask("PUT", f"/users/{before}{quote(external_id, safe='')}", body)
        assert response.is_success, response.text
        return response.json()

    async def audit(self) -> list[tuple[str, str]]:
        entries = await self.server.application.db.read(audit.page)
        return [(entry.act, entry.via) for entry in entries if entry.via != "command line"]


def assert_problem(response: httpx.Response, status: int, code: str) -> Any:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    return response.json()


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    clock = FakeClock()
    async with running_server(tmp_path, clock=clock, jwt_secret=SECRET, logins_per_minute=20) as server:
        _, key = await server.application.services.keys.create("shop", SCOPES)
        yield Backend(server, key, clock)


async def test_put_makes_once_and_changes_then(backend: Backend) -> None:
    first = await backend.ask("PUT", "/users/42", {"username": "ana", "first_name": "Ana", "metadata": {"plan": "pro"}})
    again = await backend.ask("PUT", "/users/42", {"username": "ana", "first_name": "Ana", "metadata": {"plan": "pro"}})
    changed = await backend.ask("PUT", "/users/external%3A42", {"last_name": "García"})
    assert [one.status_code for one in (first, again, changed)] == [201, 200, 200]
    assert first.json() == again.json()
    assert {**changed.json(), "name": "Ana"} == {**first.json(), "last_name": "García"}
    assert (first.json()["external_id"], first.json()["metadata"]) == ("42", {"plan": "pro"})
    assert first.json()["is_active"] is True
    assert await backend.audit() == [("user_changed", "key shop"), ("user_created", "key shop")]


async def test_fifty_at_once_are_one(backend: Backend) -> None:
    answers = await asyncio.gather(*(backend.ask("PUT", "/users/42", {"first_name": "Ana"}) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "external_id", ["a/b", "auth0|5", "100%", "é ü", "...", ".a", "?x=1#y", "%2F", "x" * 255, "é" * 255]
)
async def test_ids_of_any_characters(backend: Backend, external_id: str) -> None:
    made = await backend.put(external_id)
    assert made["external_id"] == external_id
    ref = quote(f"external:{external_id}", safe="")
    for path in (f"/users/{ref}", f"/users/{made['id']}", f"/users/{made['id'].upper()}"):
        assert (await backend.ask("GET", path)).json() == made
    assert (await backend.ask("DELETE", f"/users/{ref}/sessions")).status_code == 204


@pytest.mark.parametrize(
    "own_id",
    ["x%00y", "x%0Ay", "%FF", "x" * 256, "external%3A", "%2E", "%2E%2E", "external%3A.", "%20", "a%20", "%20a"],
)
async def test_no_ids(backend: Backend, own_id: str) -> None:
    response = await backend.ask("PUT", f"/users/{own_id}", {})
    assert response.status_code == 400, response.text


async def test_who_is_not_there(backend: Backend) -> None:
    for ref in (new_id(), "external:nobody", "nobody", "%20", quote("' OR 1=1 --")):
        for method, more in (("GET", ""), ("PATCH", ""), ("DELETE", "/sessions")):
            body: dict[str, Any] | None = {} if method == "PATCH" else None
            assert_problem(await backend.ask(method, f"/users/{ref}{more}", body), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"username": "a b"}, "invalid"),
        ({"username": ""}, "invalid"),
        ({"username": "room"}, "invalid"),
        ({"email": "nobody"}, "invalid"),
        ({"first_name": "a\nb"}, "invalid"),
        ({"last_name": "\u202eevil"}, "invalid"),
        ({"first_name": "x" * 151}, "invalid"),
        ({"avatar": "javascript:alert(1)"}, "invalid"),
        ({"avatar": "https://a.example/" + "x" * 2_048}, "invalid"),
        ({"metadata": {"x": "y" * 4_096}}, "too_long"),
        ({"metadata": []}, "invalid"),
        ({"metadata": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}}}, "invalid"),
        ({"is_bot": "yes"}, "invalid"),
        ({"is_staff": True}, "invalid"),
        ({"external_id": "7"}, "invalid"),
        ({"password": "x"}, "invalid"),
        ({"first_name": "\x00"}, "invalid_text"),
        ([], "invalid"),
    ],
)
async def test_what_is_refused_changes_nothing(backend: Backend, body: Any, code: str) -> None:
    made = await backend.put("42", first_name="Ana")
    for method, ref in (("PUT", "42"), ("PUT", "43"), ("PATCH", "external:42")):
        problem = assert_problem(await backend.ask(method, f"/users/{ref}", body), 400, code)
        assert "evil" not in str(problem)
    assert (await backend.ask("GET", "/users/external:42")).json() == made
    assert_problem(await backend.ask("GET", "/users/external:43"), 404, "not_found")


async def test_usernames_are_unique(backend: Backend) -> None:
    await backend.put("1", username="ana")
    await backend.put("2", username="ben")
    assert_problem(await backend.ask("PUT", "/users/3", {"username": "ana"}), 409, "username_taken")
    assert_problem(await backend.ask("PATCH", "/users/external:2", {"username": "ana"}), 409, "username_taken")
    assert (await backend.put("4", first_name="Ana", last_name="Roe"))["username"] == "ana.roe"
    assert (await backend.put("5", first_name="Ana", last_name="Roe"))["username"].startswith("ana.roe-")


async def test_an_address_is_for_contact_and_no_login(backend: Backend) -> None:
    person = await backend.server.register("ben", email="ben@example.org")
    made = await backend.put("1", email="ben@example.org")
    assert (made["email"], made["email_confirmed"]) == ("ben@example.org", False)
    assert (await backend.ask("PATCH", "/users/external:1", {"email": ""})).json()["email"] is None
    response = await backend.ask("PATCH", f"/users/{person.id}", {"email": "other@example.org"})
    assert list(assert_problem(response, 400, "invalid")["fields"]) == ["email"]


async def test_words_that_are_not_wanted(backend: Backend) -> None:
    await backend.server.application.words.put(None, "rude", Action.REFUSE)
    for body in ({"first_name": "Rude"}, {"username": "rude"}):
        assert_problem(await backend.ask("PUT", "/users/1", body), 403, "words_refused")


async def test_what_is_said_of_a_user_reaches_people(backend: Backend) -> None:
    ben = await backend.server.register("ben")
    made = await backend.put(
        "1", username="ana", avatar="https://a.example/1.png", metadata={"plan": "pro"}, is_bot=True
    )
    seen = await ben.call("GET", f"users/{made['id']}")
    assert seen == {
        "id": made["id"],
        "number": made["number"],
        "username": "ana",
        "avatar": "https://a.example/1.png",
        "external_id": "1",
        "is_bot": True,
        "metadata": {"plan": "pro"},
    }
    await ben.call("PATCH", "me", {"metadata": {"plan": "pro"}}, status=400)


async def test_a_deactivated_user_is_out_until_activated(backend: Backend) -> None:
    made = await backend.put("u1")
    clock = backend.server.application.clock
    headers = {"Authorization": f"Bearer {shared(clock, 'u1')}"}
    own = await backend.server.register("ben")
    async with backend.server.socket(headers) as socket, own.socket() as other:
        await socket.hello()
        for ref in (made["id"], own.id):
            response = await backend.ask("PATCH", f"/users/{ref}", {"is_active": False})
            assert response.json()["is_active"] is False
        assert await socket.closed() == 4501
        assert await other.closed() == 4501
    assert (await backend.server.http.get("/api/v1/me", headers=headers)).status_code == 401
    await own.call("GET", "me", status=401)
    assert (await backend.ask("PATCH", f"/users/{made['id']}", {"is_active": True})).json()["is_active"] is True
    backend.clock.advance(1)
    headers = {"Authorization": f"Bearer {shared(clock, 'u1')}"}
    response = await backend.server.http.get("/api/v1/me", headers=headers)
    assert response.status_code == 200


async def test_the_last_of_the_staff_stays(backend: Backend) -> None:
    boss = await backend.server.application.services.accounts.create_superuser("boss", None, "correct horse battery")
    for method, body in (("PATCH", {"is_active": False}), ("DELETE", None)):
        assert_problem(await backend.ask(method, f"/users/{boss.id}", body), 403, "forbidden")
    assert (await backend.ask("PATCH", f"/users/{boss.id}", {"is_active": True})).status_code == 200
    await backend.server.application.services.accounts.create_superuser("second", None, "correct horse battery")
    assert (await backend.ask("PATCH", f"/users/{boss.id}", {"is_active": False})).status_code == 200
    assert (await backend.ask("DELETE", f"/users/{boss.id}")).status_code == 204


async def test_the_invitations_of_who_is_deactivated_end(backend: Backend) -> None:
    ana, ben = await backend.server.register("ana"), await backend.server.register("ben")
    room = await ana.call("POST", "rooms", {"kind": "private", "title": "Plans"}, status=201)
    made = await ana.call("POST", f"rooms/{room['id']}/invites", {}, status=201)
    await ben.call("GET", f"invites/{made['code']}")
    assert (await backend.ask("PATCH", f"/users/{ana.id}", {"first_name": "Ana"})).status_code == 200
    await ben.call("GET", f"invites/{made['code']}")
    assert (await backend.ask("PATCH", f"/users/{ana.id}", {"is_active": False})).status_code == 200
    await ben.call("POST", f"invites/{made['code']}/join", status=409)


async def test_ending_the_sessions_of_a_user(backend: Backend) -> None:
    own, made = await backend.server.register("ben"), await backend.put("u1")
    clock = backend.server.application.clock
    headers = {"Authorization": f"Bearer {shared(clock, 'u1')}"}
    async with backend.server.socket(headers) as socket, own.socket() as other:
        await socket.hello()
        assert socket.ready["user"]["id"] == made["id"]
        for ref in ("external:u1", own.id):
            assert (await backend.ask("DELETE", f"/users/{ref}/sessions")).status_code == 204
        assert await socket.closed() == 4501
        assert await other.closed() == 4501
    assert (await backend.server.http.get("/api/v1/me", headers=headers)).status_code == 401
    await own.call("GET", "me", status=401)
    refresh = {"refresh": own.tokens["refresh"]}
    assert (await backend.server.http.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    assert (await backend.audit())[:2] == [("sessions_ended", "key shop")] * 2


# Keys


async def test_scopes(backend: Backend) -> None:
    await backend.put("1")
    _, backend.key = await backend.server.application.services.keys.create("weak", ["sessions"])
    tried: list[tuple[str, str, Any]] = [
        ("PUT", "/users/1", {}),
        ("GET", "/users/external:1", None),
        ("PATCH", "/users/external:1", {}),
    ]
    for method, path, body in tried:
        problem = assert_problem(await backend.ask(method, path, body), 403, "forbidden")
        assert "`users`" in problem["detail"]
    assert (await backend.ask("DELETE", "/users/external:1/sessions")).status_code == 204


async def test_keys_and_tokens_are_not_taken_for_each_other(backend: Backend) -> None:
    ben = await backend.server.register("ben")
    clock = backend.server.application.clock
    for wrong in (ben.tokens["access"], shared(clock, "u1"), "tk_wrong"):
        response = await backend.server.http.get(f"{API}/users/x", headers={"Authorization": f"Bearer {wrong}"})
        assert_problem(response, 401, "unauthorized")
    headers = {"Authorization": f"Bearer {backend.key}"}
    assert_problem(await backend.server.http.get("/api/v1/me", headers=headers), 401, "unauthorized")
    async with backend.server.socket(headers) as socket:
        assert await socket.closed() == 4500


async def test_wrong_keys_are_throttled_and_right_ones_are_not(backend: Backend) -> None:
    good, backend.key = backend.key, "tk_wrong"
    answers = [(await backend.ask("GET", "/users/x")).status_code for _ in range(25)]
    assert answers == [401] * 20 + [429] * 5
    backend.key = good
    assert (await backend.ask("GET", "/users/x")).status_code == 404


async def test_a_revoked_key_is_refused(backend: Backend) -> None:
    await backend.server.application.services.keys.revoke("shop")
    assert_problem(await backend.ask("GET", "/users/x"), 401, "unauthorized")


async def test_a_running_server_notices_what_the_command_line_does(backend: Backend, tmp_path: Path) -> None:
    database = Database(backend.server.application.settings.database_url)
    outside = ApiKeys(database, SystemClock())
    _, backend.key = await outside.create("new", ["users"])
    await eventually(backend, 404)
    await outside.revoke("new")
    await eventually(backend, 401)
    database.close()


async def eventually(backend: Backend, status: int) -> None:
    async with asyncio.timeout(5):
        while (await backend.ask("GET", "/users/x")).status_code != status:
            backend.clock.advance(1)
