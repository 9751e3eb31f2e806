"""Who asks, in the dialect channels: HTTP Basic, a session's cookie, a Bearer token."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.accounts import quick_hasher
from support.channels import EVIL, NAME, Somebody, basic, nobody, sign_in, somebody
from support.dialects import PASSWORD, Place, place
from support.gated import GatedHasher

WRONG = {"detail": "Invalid username/password."}
ROOM = {"room_name": "kitchen"}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


def ways(who: Somebody) -> tuple[dict[str, str], ...]:
    return who.basic, who.bearer, who.cookie


async def statuses(here: Place, path: str, **headers: str) -> int:
    return (await here.http.get(path, headers=headers)).status_code


async def test_all_three_are_equal(here: Place) -> None:
    ann = await somebody(here, "ann")
    for number, headers in enumerate(ways(ann)):
        users = await here.http.get("/api/users/", headers=headers)
        assert users.json() == [{"id": ann.number, "username": "ann"}]
        made = await here.http.post("/api/rooms/", json={"room_name": f"room {number}"}, headers=headers)
        assert (made.status_code, made.json()["users"]) == (201, ["ann"])
        async with here.socket("general", headers=headers) as line:
            await line.send({"message": "Hello", "username": "ann"})
            assert (await line.receive())["username"] == "ann"
    async with here.socket("general", ann.token):
        pass
    for scheme in ("basic", "BASIC"):
        headers = {"authorization": ann.basic["authorization"].replace("Basic", scheme)}
        assert (await here.http.get("/api/users/", headers=headers)).json() != []
    # The cookie is kept where it was given, for two weeks, and no script reads it.
    response = await here.http.post("/api/login/", data={"username": "ann", "password": PASSWORD})
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/compat/channels/", "Max-Age=1209600"} <= set(
        cookie.replace("SameSite=lax", "SameSite=Lax").split("; ")
    )


async def test_a_wrong_password_is_403_on_every_path(here: Place) -> None:
    await somebody(here, "ann")
    for headers in (basic("ann", "wrong"), basic("nobody"), basic("ann", ""), basic("a\x00nn")):
        for method, path in (("GET", "/api/rooms/"), ("GET", "/api/messages/1/"), ("POST", "/api/login/")):
            response = await here.http.request(method, path, headers=headers)
            assert (response.status_code, response.json()) == (403, WRONG), path
        assert await here.refused("general", headers=headers) == 403
        here.server.application.services.verifier._guesses._times.clear()
    for nonsense in ("Basic", "Basic !", "Basic YQ", "Basic \xe9"):
        raw = {b"authorization": nonsense.encode("latin-1")}
        response = await here.http.get("/api/rooms/", headers=raw)
        assert response.status_code == 403, nonsense
        here.server.application.services.verifier._guesses._times.clear()


async def test_what_is_not_good_any_more_is_as_good_as_none(here: Place) -> None:
    """It shows what anybody sees, and opens nothing: also a refresh token as Bearer, an access token as cookie."""
    ann = await somebody(here, "ann")
    secret = await ann.make_room("secret", "ann")
    for headers in (
        {"authorization": "Bearer nonsense"},
        {"authorization": f"Bearer {ann.session}"},
        {"authorization": f"Token {ann.token}"},
        {"cookie": "sessionid=nonsense"},
        {"cookie": f"sessionid={ann.token}"},
    ):
        assert len((await here.http.get("/api/rooms/", headers=headers)).json()) == 1
        assert (await here.http.get("/api/users/", headers=headers)).json() == []
        assert (await here.http.post("/api/rooms/", json=ROOM, headers=headers)).status_code == 401
        for room in ("general", "secret", secret):
            assert await here.refused(room, headers=headers) == 403
    assert await here.refused("general", ann.session) == 403
    both = {**ann.cookie, "authorization": "Bearer nonsense"}
    assert (await here.http.get("/api/users/", headers=both)).json() != []


async def test_signing_out_ends_the_session(here: Place) -> None:
    ann = await somebody(here, "ann")
    other = await sign_in(here, "ann")
    async with here.socket("general", headers=ann.cookie) as line, here.socket("general", other.token) as stays:
        response = await here.http.post("/api/logout/", headers=ann.cookie)
        assert (response.status_code, response.content) == (204, b"")
        assert 'sessionid=""' in response.headers["set-cookie"]
        assert "Max-Age=0" in response.headers["set-cookie"]
        assert await line.closed() == 4001
        await stays.send({"message": "still here"})
        assert (await stays.receive())["message"] == "still here"
    for headers in (ann.cookie, ann.bearer):
        assert (await here.http.get("/api/users/", headers=headers)).json() == []
    for headers in ({}, ann.cookie, ann.basic, {"cookie": "sessionid=nonsense"}):
        assert (await here.http.post("/api/logout/", headers=headers)).status_code == 204
    assert (await here.http.get("/api/users/", headers=other.cookie)).json() != []


async def test_pages_elsewhere_do_nothing_with_a_cookie(tmp_path: Path) -> None:
    """What must not be reproduced: writes and sockets by cookie without a look at the `Origin`."""
    partner = "https://partner.example"
    async with place(tmp_path, NAME, dialect_origins=partner) as here:
        ann = await somebody(here, "ann")
        own = f"http://{here.host}"
        for page, good in (
            ({}, True), ({"origin": own}, True), ({"origin": partner}, True), ({"sec-fetch-site": "same-origin"}, True),
            ({"origin": EVIL}, False), ({"origin": "null"}, False), ({"sec-fetch-site": "cross-site"}, False),
            ({"sec-fetch-site": "same-site"}, False), ({"origin": "http://127.0.0.1:1"}, False),
        ):  # fmt: skip
            headers = {**ann.cookie, **page}
            for method, path, body in (
                ("POST", "/api/rooms/", {}), ("PUT", "/api/rooms/1/", ROOM), ("PATCH", "/api/messages/9/", {}),
                ("DELETE", "/api/rooms/9/", None), ("POST", "/api/messages/", {}),
            ):  # fmt: skip
                response = await here.http.request(method, path, json=body, headers=headers)
                assert response.text.startswith('{"detail":"CSRF Failed') != good, (method, path, page, response.text)
                assert good or response.status_code == 403
            assert (await here.http.get("/api/users/", headers=headers)).status_code == 200
            signed_in = await here.http.post(
                "/api/login/", json={"username": "ann", "password": PASSWORD}, headers=page
            )
            here.http.cookies.clear()
            assert signed_in.status_code == (200 if good else 403), "nobody is signed in as somebody else"
            await knock(here, headers, good=good)
        for headers in ({**ann.bearer, "origin": EVIL}, {**ann.basic, "origin": EVIL}):
            assert (await here.http.post("/api/rooms/", json={}, headers=headers)).status_code == 400
            await knock(here, headers, good=True)
        assert (await here.http.post("/api/logout/", headers={**ann.cookie, "origin": EVIL})).status_code == 403
        for origin, allowed in ((partner, partner), (EVIL, None)):
            answer = await here.http.get("/api/rooms/", headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.headers.get("access-control-allow-credentials") == (allowed and "true")


async def knock(here: Place, headers: dict[str, str], *, good: bool) -> None:
    """At the socket of `general`."""
    if good:
        async with here.socket("general", headers=headers):
            pass
    else:
        assert await here.refused("general", headers=headers) == 403


async def test_a_password_is_hashed_once_a_minute_and_not_with_each_call(tmp_path: Path) -> None:
    async with place(tmp_path, NAME) as here:
        ann = await somebody(here, "ann")
        hasher = here.server.application.passwords._hasher = GatedHasher()
        many = [here.http.get("/api/users/", headers=ann.basic) for _ in range(20)]
        assert {response.status_code for response in await asyncio.gather(*many)} == {200}
        async with ann.line("general"):
            pass
        assert hasher.verified == 1, "also of many at once"
        here.server.application.passwords._hasher = quick_hasher()


async def test_guesses_are_counted_for_the_account_and_for_the_address(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, logins_per_minute=12, password_attempts=5) as here:
        ann = await somebody(here, "ann")
        ben = await somebody(here, "ben")

        async def get(headers: dict[str, str]) -> int:
            return await statuses(here, "/api/rooms/", **headers)

        for _ in range(30):
            assert await get(ben.basic) == 200, "what is right is no sign-in"
        guesses = [get(basic("ann", f"wrong {number}")) for number in range(8)]
        assert sorted(await asyncio.gather(*guesses)) == [403] * 5 + [429] * 3
        assert await get(ann.basic) == 429, "also for the right one, which is known by now: it would be a guess"
        assert await here.refused("general", headers=ann.basic) == 429
        assert await get(ann.bearer) == 200
        for number in range(5):
            assert await get(basic(f"nobody {number}")) == 403
        assert await get(basic("somebody")) == 429
        assert await get(ben.basic) == 429, "the whole address has to wait"
        response = await here.http.get("/api/rooms/", headers=ben.basic)
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["detail"].startswith("Request was throttled. Expected available in ")


async def test_a_changed_password_is_not_good_any_more(here: Place) -> None:
    """Nor are the sockets that were opened with it."""
    ann = await somebody(here, "ann")
    services = here.server.application.services
    caller = services.sessions.authenticate(ann.token)
    async with ann.line("general") as line, here.socket("general", ann.token) as kept:
        await services.accounts.change_password(caller, PASSWORD, "staple gun at dawn")
        assert await line.closed() == 4001
        assert await statuses(here, "/api/rooms/", **ann.basic) == 403
        new = basic("ann", "staple gun at dawn")
        assert await statuses(here, "/api/rooms/", **new) == 200
        async with here.socket("general", headers=new):
            await kept.send({"message": "Hi"})
            assert (await kept.receive())["message"] == "Hi"


async def test_nobody_reads_more_than_is_open(here: Place) -> None:
    """What must not be reproduced: the list of users for anybody."""
    await somebody(here, "ann")
    assert await nobody(here, "/api/users/") == []
    document: dict[str, Any] = await nobody(here, "/swagger/openapi.json")
    assert document["components"]["securitySchemes"].keys() == {"cookie", "basic", "bearer"}
    assert {"security": [{}, {"cookie": []}, {"basic": []}, {"bearer": []}]}.items() <= document["paths"][
        "/api/rooms/"
    ]["get"].items()
