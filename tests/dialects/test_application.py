"""What every dialect does alike over HTTP: bodies, credentials, errors, throttles, pages elsewhere. Here: chatrooms."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from support.clock import FakeClock
from support.dialects import PASSWORD, Place, place
from tertulia.dialects.errors import CHALLENGE
from tertulia.storage.tables import users

NAME = "chatrooms"
ANN = {"username": "ann", "password": PASSWORD}
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def tokens(here: Place, name: str = "ann") -> dict[str, str]:
    response = await here.http.post("/api/register/", json={"username": name, "password": PASSWORD})
    assert response.status_code == 201, response.text
    found: dict[str, str] = response.json()["tokens"]
    return found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_bodies_of_every_kind(here: Place) -> None:
    assert (await here.http.post("/api/register/", data={**ANN, "unknown": "x"})).status_code == 201
    parts = {name: (None, value) for name, value in ANN.items()}
    for same in ({"json": ANN}, {"data": ANN}, {"files": parts}):
        assert (await here.http.post("/api/token/", **same)).status_code == 200, same
        assert (await here.http.post("/api/token", **same)).status_code == 200


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b"{", "application/json", 400, "JSON parse error"),
        (b'{"a": NaN}', "application/json", 400, "JSON parse error"),
        (b'{"a": "\xff"}', "application/json", 400, "JSON parse error"),
        (b"[" * 100_000, "application/json", 400, "JSON parse error"),
        (b"9" * 5_000, "application/json", 400, "JSON parse error"),
        (b"[]", "application/json", 400, "Expected a dictionary, but got list"),
        (b'"x"', "application/json", 400, "Expected a dictionary, but got str"),
        (b"x", "text/plain", 415, "Unsupported media type"),
        (b"x", "", 415, "Unsupported media type"),
        (b"no boundary", "multipart/form-data", 400, "parse error"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400, ""),
        (b"a=%ff", "application/x-www-form-urlencoded", 400, ""),
        (b"", "application/json", 400, "This field is required."),
        (b" " * 300_000, "application/json", 413, "bytes"),
    ],
)
async def test_bad_bodies(here: Place, content: bytes, kind: str, status: int, said: str) -> None:
    response = await here.http.post("/api/token/", content=content, headers={"content-type": kind} if kind else {})
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert said in response.text
    assert "Traceback" not in response.text


async def test_paths_and_methods(here: Place) -> None:
    for path in ("/nothing/", "/api/", "/api/chatrooms/x/y/"):
        unknown = await here.http.get(path)
        assert (unknown.status_code, unknown.json()) == (404, {"detail": "Not found."})
    wrong = await here.http.put("/api/chatrooms/", json={})
    assert (wrong.status_code, wrong.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
    assert {"GET", "POST", "HEAD", "OPTIONS"} == set(wrong.headers["allow"].split(", "))
    assert (await here.http.options("/api/chatrooms/")).status_code == 200
    token = (await tokens(here))["access"]
    head = await here.http.head("/api/chatrooms/", headers=bearer(token))
    assert (head.status_code, head.content) == (200, b"")


async def test_credentials(here: Place) -> None:
    pair = await tokens(here)
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": f"Token {pair['access']}"}):
        refused = await here.http.get("/api/chatrooms/", headers=headers)
        assert (refused.status_code, refused.json()) == (401, NO_CREDENTIALS)
        assert refused.headers["www-authenticate"] == CHALLENGE["WWW-Authenticate"]
    assert (await here.http.get("/api/chatrooms/", headers={"authorization": "Bearer a b"})).status_code == 401
    for token, said in (("x.y.z", "Token is invalid or expired"), (pair["refresh"], "Token has wrong type")):
        refused = await here.http.get("/api/chatrooms/", headers=bearer(token))
        assert (refused.status_code, refused.json()["code"]) == (401, "token_not_valid")
        [message] = refused.json()["messages"]
        assert message == {"token_class": "AccessToken", "token_type": "access", "message": said}
    assert (await here.http.get("/api/chatrooms/", headers={"authorization": f"bearer {pair['access']}"})).is_success


async def test_expired_tokens(tmp_path: Path) -> None:
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock, dialect_tokens=("chatrooms=1/1",)) as here:
        pair = await tokens(here)
        clock.advance(61)
        refused = await here.http.get("/api/chatrooms/", headers=bearer(pair["access"]))
        assert refused.json()["messages"][0]["message"] == "Token is invalid or expired"
        again = await here.http.post("/api/token/refresh/", json={"refresh": pair["refresh"]})
        assert again.status_code == 200
        assert (await here.http.get("/api/chatrooms/", headers=bearer(again.json()["access"]))).is_success


@pytest.mark.parametrize(
    ("values", "detail", "code"),
    [
        ({"is_active": False}, "User is inactive", "user_inactive"),
        ({"is_active": False, "deleted_at": 1}, "User not found", "user_not_found"),
    ],
)
async def test_a_user_who_is_no_more(here: Place, values: dict[str, Any], detail: str, code: str) -> None:
    token = (await tokens(here))["access"]
    app = here.server.application

    def write(connection: Connection) -> None:
        connection.execute(update(users).values(values))

    await app.db.write(write)
    app.services.sessions.set_active(1, active=False)
    refused = await here.http.get("/api/chatrooms/", headers=bearer(token))
    assert (refused.status_code, refused.json()) == (401, {"detail": detail, "code": code})


async def test_throttled(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, registrations_per_minute=2, logins_per_minute=3, requests_per_minute=4) as here:
        for status in (201, 201, 429):
            body = {"username": f"ann{status}{here.server.port}", "password": PASSWORD}
            refused = await here.http.post("/api/register/", json={**body, "username": f"u{id(body)}"})
            assert refused.status_code == status
        seconds = int(refused.headers["retry-after"])
        plural = "s" if seconds != 1 else ""
        assert refused.json()["detail"] == f"Request was throttled. Expected available in {seconds} second{plural}."
        logins = [(await here.http.post("/api/token/", json=ANN)).status_code for _ in range(4)]
        assert logins == [401, 401, 401, 429]
        calls = [(await here.http.get(path)).status_code for path in ("/x/", "/api/chatrooms/", "/x/", "/x/", "/x/")]
        assert calls == [404, 401, 404, 404, 429]


async def test_any_page_may_ask_but_never_with_cookies(here: Place) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    preflight = await here.http.options("/api/chatrooms/", headers={"origin": "https://evil.example", **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    for path in ("/api/chatrooms/", "/nothing/"):
        answer = await here.http.get(path, headers={"origin": "https://evil.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_nothing_secret_in_the_log(here: Place, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    token = (await tokens(here))["access"]
    async with here.socket("general", token):
        pass
    await here.http.get(f"/api/chatrooms/?token={token}", headers=bearer(token))
    written = caplog.text + "".join(capsys.readouterr())
    assert token not in written


async def test_a_bug_is_a_plain_500(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    token = (await tokens(here))["access"]
    services = here.server.application.services
    monkeypatch.setattr(services.lookup, "rooms", lambda *_args, **_more: 1 / 0)
    response = await here.http.get("/api/chatrooms/", headers=bearer(token))
    assert (response.status_code, response.json()) == (500, {"detail": "A server error occurred."})


async def test_swagger_and_the_document(here: Place) -> None:
    page = await here.http.get("/swagger/")
    assert page.headers["content-type"].startswith("text/html")
    for file in re.findall(r'(?:src|href)="\.\./([^"]+)"', page.text):
        assert (await here.http.get(f"/{file}")).status_code == 200, file
    assert (await here.http.get("/swagger")).status_code == 308
    document = (await here.http.get("/swagger/openapi.json")).json()
    assert document["paths"]["/api/messages/{room}/"]["get"]["parameters"][0]["name"] == "room"
    assert json.dumps(document).count('"$ref"') >= 5
