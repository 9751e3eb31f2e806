"""Profile pictures over HTTP: uploading mine, and what everybody gets to see."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from support.asgi import ask, http_scope
from support.backend import SECRET, shared
from support.bad_input import assert_problem
from support.clock import FakeClock
from support.faults import faults
from support.node import Node, Person, node
from support.pictures import BLUE, GREEN, NO_PICTURES, RED, bombs, frames, is_like, plain, shown
from tertulia.http.throttle import MANY

PATH = "/api/v1/me/avatar"
MEGABYTE = bytes(1024 * 1024)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock(), jwt_secret=SECRET) as running:
        yield running


@pytest.fixture
async def ana(running: Node) -> Person:
    return await running.person("ana")


async def put(
    running: Node, person: Person | None, content: bytes, content_type: str | None = "image/png"
) -> httpx.Response:
    headers = {} if person is None else {"authorization": f"Bearer {person.token}"}
    if content_type is not None:
        headers["content-type"] = content_type
    return await running.http.put(PATH, content=content, headers=headers)


async def uploaded(running: Node, person: Person, content: bytes) -> str:
    """The path at which it is shown."""
    response = await put(running, person, content)
    assert response.status_code == 200, response.text
    return urlsplit(str(response.json()["avatar"])).path


async def send(running: Node, chunks: Iterable[bytes], *headers: tuple[str, str]) -> tuple[list[Message], int]:
    """What is answered to a body in chunks, and how many of these were taken."""
    local = [("host", "127.0.0.1:8000"), ("content-type", "image/png"), *headers]
    return await ask(running.app.asgi, http_scope(PATH, "PUT", local, client=("127.0.0.1", 5000)), chunks)


# Uploading


async def test_my_account_has_the_address(running: Node, ana: Person) -> None:
    before = (await running.call(ana, "GET", "me")).json()
    response = await put(running, ana, plain())
    assert response.status_code == 200
    assert response.json() == {**before, "avatar": response.json()["avatar"]}
    assert (await running.call(ana, "GET", "me")).json() == response.json()
    other = await running.person("ben")
    assert (await running.call(other, "GET", f"users/{ana.id}")).json()["avatar"] == response.json()["avatar"]


async def test_what_it_is_says_the_picture_not_the_header(running: Node, ana: Person) -> None:
    headers = ("image/png", "IMAGE/JPEG", "image/webp; q=1", "image/x-whatever")
    for kind, header in zip(("GIF", "PNG", "JPEG", "WEBP"), headers, strict=True):
        assert (await put(running, ana, plain(kind), header)).status_code == 200


async def test_users_of_the_products_own_backend(running: Node) -> None:
    token = shared(running.app.clock, "u1", name="Ben", picture="https://a.example/1.png")
    headers = {"authorization": f"Bearer {token}", "content-type": "image/gif"}
    response = await running.http.put(PATH, content=frames("GIF", 2), headers=headers)
    assert response.json()["avatar"].endswith("/256.webp")
    assert (await running.http.delete(PATH, headers=headers)).status_code == 204


async def test_another_one_and_none(running: Node, ana: Person) -> None:
    first = await uploaded(running, ana, plain(color=RED))
    second = await uploaded(running, ana, plain(color=BLUE))
    assert first != second
    assert_problem(await running.http.get(first), 404, "not_found")
    assert (await running.http.get(second)).status_code == 200
    for _ in range(2):
        assert (await running.call(ana, "DELETE", "me/avatar")).status_code == 204
    assert_problem(await running.http.get(second), 404, "not_found")
    assert "avatar" not in (await running.call(ana, "GET", "me")).json()


# What is refused


async def test_a_body_that_does_not_say_that_it_is_a_picture(running: Node, ana: Person) -> None:
    for kind in (None, "", "application/json", "text/html", "multipart/form-data; boundary=x", "image"):
        assert_problem(await put(running, ana, plain(), kind), 415, "unsupported_media_type")


async def test_what_is_no_picture_whatever_the_header_says(running: Node, ana: Person) -> None:
    with faults() as seen:
        for content in (*NO_PICTURES.values(), plain("BMP"), plain("TIFF"), plain()[:-60], plain("JPEG")[:-300]):
            problem = assert_problem(await put(running, ana, content), 400, "invalid")
            assert list(problem["fields"]) == ["avatar"]
        seen.check()
    assert "avatar" not in (await running.call(ana, "GET", "me")).json()


async def test_what_is_huge_once_it_is_unpacked(running: Node, ana: Person) -> None:
    for bomb in bombs().values():
        problem = assert_problem(await put(running, ana, bomb), 400, "invalid")
        assert "pixels" in problem["detail"]


async def test_who_is_not_signed_in_is_refused_before_the_body_is_read(running: Node) -> None:
    sent, taken = await send(running, [plain()])
    assert (sent[0]["status"], taken) == (401, 0)
    assert_problem(await put(running, None, plain()), 401, "unauthorized")
    assert_problem(await running.http.delete(PATH), 401, "unauthorized")


async def test_a_body_that_says_that_it_is_too_large_is_not_read(running: Node, ana: Person) -> None:
    sent, taken = await send(
        running, [MEGABYTE] * 100, ("authorization", f"Bearer {ana.token}"), ("content-length", str(100 * 1024**2))
    )
    assert (sent[0]["status"], taken) == (413, 0)


async def test_a_body_that_does_not_say_it_is_read_up_to_the_limit(running: Node, ana: Person) -> None:
    mine = ("authorization", f"Bearer {ana.token}")
    sent, taken = await send(running, [MEGABYTE] * 100, mine)
    assert (sent[0]["status"], taken) == (413, 6)
    assert (await put(running, ana, plain())).status_code == 200  # the place was given back


async def test_a_body_that_ends_too_soon(running: Node, ana: Person) -> None:
    """The line was cut."""
    with faults() as seen:
        for _ in range(3):
            sent, _ = await send(running, [], ("authorization", f"Bearer {ana.token}"), ("content-length", "5000"))
            assert sent[0]["status"] == 400
        seen.check()


async def test_the_limit_is_a_setting_and_that_of_pictures_only(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), max_avatar_kb=64) as running:
        ana = await running.person("ana")
        fits, more = plain() + bytes(60_000), plain() + bytes(70_000)
        assert (await put(running, ana, fits)).status_code == 200
        assert_problem(await put(running, ana, more), 413, "too_large")
        body = {"first_name": "x" * 100_000}
        assert_problem(await running.call(ana, "PATCH", "me", body), 400, "invalid", "too_long")
        body = {"first_name": "x" * 300_000}
        assert_problem(await running.call(ana, "PATCH", "me", body), 413, "too_large")


# Showing


async def test_everybody_sees_it_in_two_sizes(running: Node, ana: Person) -> None:
    path = await uploaded(running, ana, plain("JPEG"))
    for size in (256, 64):
        response = await running.http.get(path.replace("256", str(size)))
        assert response.status_code == 200
        picture = shown(response.content)
        assert picture.size == (size, size)
        assert is_like(picture, GREEN)


async def test_it_may_be_kept_and_shown_anywhere_and_do_nothing(running: Node, ana: Person) -> None:
    response = await running.http.get(await uploaded(running, ana, plain()))
    headers = response.headers
    assert headers["content-type"] == "image/webp"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert int(headers["content-length"]) == len(response.content)
    assert "set-cookie" not in headers


async def test_who_has_it_is_sent_nothing_again(running: Node, ana: Person) -> None:
    path = await uploaded(running, ana, plain())
    first = await running.http.get(path)
    again = await running.http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]
    small = await running.http.get(path.replace("256", "64"), headers={"if-none-match": first.headers["etag"]})
    assert small.status_code == 200
    head = await running.http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == first.headers["content-length"]


async def test_addresses_at_which_there_is_nothing(running: Node, ana: Person) -> None:
    path = await uploaded(running, ana, plain())
    token = path.split("/")[2]
    for name in (
        "256",
        "256.png",
        "65.webp",
        ".webp",
        "-64.webp",
        "٦٤.webp",
        "064.webp",
        "64.webp.webp",
        "9" * 5_000 + ".webp",
    ):
        assert_problem(await running.http.get(f"/avatars/{token}/{name}"), 404, "not_found")
    for other in ("x", "a" * 32, "%00" * 32, "..", token[:-1], token + "x"):
        assert_problem(await running.http.get(f"/avatars/{other}/256.webp"), 404, "not_found")
    assert_problem(await running.http.post(path), 405, "method_not_allowed")


async def test_the_log_has_no_addresses(running: Node, ana: Person) -> None:
    path = await uploaded(running, ana, plain())
    with capture_logs() as lines:
        await running.http.get(path)
    assert path.split("/")[2] not in str(lines)
    assert "/avatars/***/256.webp" in str(lines)


async def test_asking_for_them_has_its_own_generous_bound(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), requests_per_minute=3) as running:
        ana = await running.person("ana")
        path = await uploaded(running, ana, plain())
        answers = [(await running.http.get(path)).status_code for _ in range(3 * MANY + 1)]
        assert answers == [200] * 3 * MANY + [429]
        assert (await running.call(ana, "GET", "me")).status_code == 200
