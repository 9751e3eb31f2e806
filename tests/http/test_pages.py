"""The page and the client library, as browsers and npm get them."""

import asyncio
import gzip
import io
import os
import re
import sys
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from support.asgi import ask, http_scope
from support.bad_input import assert_problem
from support.clock import FakeClock
from support.server import running_server
from support.web import http_client
from tertulia.http.api import ApiConfig, wrap
from tertulia.http.pages import hand_out_router
from tertulia.http.problems import add_problems
from tertulia.http.throttle import Throttle
from tertulia.metrics import Metrics
from tertulia.web import Web, media_type, own_web

WEB = Web(
    client={
        "tertulia.js": b"export const one = 1;\n",
        "net/link.js": b"export {};\n",
        "package.json": b'{"name": "tertulia"}',
        "README.md": b"# Tertulia\n",
        "types/tertulia.d.ts": b"export const one: 1;\n",
    },
    app={
        "index.html": b"<!doctype html><title>Tertulia</title>",
        "main.js": b"// " + b"x" * 2_000,
        "look/tokens.css": b":root {}",
        "look/mark.svg": b"<svg/>",
        "notes.txt": b"not for browsers",
    },
)
ELSEWHERE = {"origin": "https://app.example.org"}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    api = FastAPI(openapi_url=None)
    add_problems(api)
    api.include_router(hand_out_router(WEB))
    app = wrap(api, ApiConfig(trusted_proxies=("127.0.0.1",)), Metrics(), FakeClock(), Throttle(FakeClock()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://chat.example.org:8000") as client:
        yield client


# The page


@pytest.mark.parametrize("path", ["/", "/app"])
async def test_the_way_to_the_page(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 307
    assert str(answer.url.join(answer.headers["location"])) == "http://chat.example.org:8000/app/"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("look/tokens.css", "text/css; charset=utf-8"),
        ("look/mark.svg", "image/svg+xml"),
    ],
)
async def test_files_of_the_page(http: httpx.AsyncClient, path: str, kind: str) -> None:
    answer = await http.get(f"/app/{path}")
    assert answer.content == WEB.app[path or "index.html"]
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["rooms", "rooms/0197a1b0", "rooms/", "a/b/c", "%00", "index"])
async def test_places_in_the_page_are_the_page(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"/app/{path}")
    assert answer.content == WEB.app["index.html"]
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["nothing.js", "net/nothing.js", "notes.txt", ".env", "x.html"])
async def test_files_that_are_not_there(http: httpx.AsyncClient, path: str) -> None:
    """A script that is missing is no page: the browser would say that its type is wrong."""
    assert_problem(await http.get(f"/app/{path}"), 404, "not_found")
    assert_problem(await http.get(f"/client/{path}"), 404, "not_found")


@pytest.mark.parametrize("path", ["", "main.js", "rooms/1"])
async def test_the_page_runs_nothing_but_its_own(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(f"/app/{path}")).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": "'self' ws://chat.example.org:8000",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_the_socket_in_the_policy_is_the_one_that_the_browser_sees(http: httpx.AsyncClient) -> None:
    answer = await http.get("/app/", headers={"x-forwarded-proto": "https", "x-forwarded-host": "chat.example.org"})
    assert "connect-src 'self' wss://chat.example.org;" in answer.headers["content-security-policy"]


async def test_nobody_writes_the_policy(http: httpx.AsyncClient) -> None:
    answer = await http.get("/app/", headers={"host": "x; script-src *"})
    assert_problem(answer, 400, "host_refused")
    assert "*" not in answer.headers["content-security-policy"]


# The library


async def test_modules_for_pages_elsewhere(http: httpx.AsyncClient) -> None:
    for path in ("tertulia.js", "net/link.js"):
        answer = await http.get(f"/client/{path}", headers=ELSEWHERE)
        assert answer.content == WEB.client[path]
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["", "README.md", "package.json", "types/tertulia.d.ts", "tertulia", "net/"])
async def test_only_modules_and_the_package(http: httpx.AsyncClient, path: str) -> None:
    assert_problem(await http.get(f"/client/{path}"), 404, "not_found")


async def test_the_package(http: httpx.AsyncClient) -> None:
    answer = await http.get("/client/tertulia.tgz", headers=ELSEWHERE)
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "content-encoding" not in answer.headers
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        found = {member.name: member for member in archive}
        assert set(found) == {f"package/{path}" for path in WEB.client}
        assert {member.mode for member in found.values()} == {0o644}
        read = archive.extractfile("package/package.json")
        assert read is not None
        assert read.read() == WEB.client["package.json"]


# Both


async def test_what_did_not_change_is_not_sent_again(http: httpx.AsyncClient) -> None:
    for path in ("/app/", "/app/main.js", "/client/tertulia.js", "/client/tertulia.tgz"):
        first = await http.get(path)
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await http.get(path, headers={"if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers.get("content-security-policy") == first.headers.get("content-security-policy")
        assert (await http.get(path, headers={"if-none-match": '"x"'})).content == first.content


async def test_large_texts_are_compressed_for_those_who_can(http: httpx.AsyncClient) -> None:
    plain = await http.get("/app/main.js", headers={"accept-encoding": "br, gzip;q=0"})
    assert "content-encoding" not in plain.headers
    async with http.stream("GET", "/app/main.js", headers={"accept-encoding": "br, gzip"}) as small:
        raw = b"".join([part async for part in small.aiter_raw()])
    assert small.headers["content-encoding"] == "gzip"
    assert len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content
    assert small.headers["etag"] != plain.headers["etag"]
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    other = await http.get("/app/main.js", headers={"accept-encoding": "gzip", "if-none-match": plain.headers["etag"]})
    assert other.status_code == 200
    short = await http.get("/app/look/tokens.css", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in short.headers


@pytest.mark.parametrize("path", ["/", "/app", "/app/", "/app/main.js", "/client/tertulia.js", "/client/tertulia.tgz"])
async def test_head_and_other_methods(http: httpx.AsyncClient, path: str) -> None:
    got, head = await http.get(path), await http.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers.get("content-length") == got.headers.get("content-length")
    response = await http.post(path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("folder", ["app", "client"])
@pytest.mark.parametrize(
    "path", ["../__init__.py", "..%2f__init__.py", "/etc/passwd.js", "./main.js", "net/../tertulia.js", "..\\x.js"]
)
async def test_only_what_is_in_the_table_is_served(http: httpx.AsyncClient, folder: str, path: str) -> None:
    app = http._transport.app  # type: ignore[attr-defined]
    for each in (path, path.replace("%2f", "/")):
        sent, _ = await ask(app, http_scope(f"/{folder}/{each}", headers=[("host", "chat.example.org")]))
        assert sent[0]["status"] == 404, each


# Our own files


async def test_our_own_page_and_all_that_it_names() -> None:
    async with http_client() as http:
        page = await http.get("/", follow_redirects=True)
        assert page.status_code == 200
        named = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
        assert named
        for link in named:
            assert link.startswith("/"), link  # rooms have addresses of their own below /app/
            found = await http.get(link)
            assert found.status_code == 200, link
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|<style|\sstyle=|://", page.text)  # all of it in files


async def test_all_imports_of_our_modules_are_there() -> None:
    """A module that is missing is seen by nobody but the browser that needs it."""
    async with http_client() as http:
        for folder, files in (("client", own_web().client), ("app", own_web().app)):
            for path in [path for path in files if path.endswith(".js")]:
                text = files[path].decode()
                for name in re.findall(r"""^(?:import|export)\b[^;]*?\bfrom\s+["']([./][^"']+)["']""", text, re.M):
                    found = await http.get(str(httpx.URL(f"http://127.0.0.1:8000/{folder}/{path}").join(name)))
                    assert found.status_code == 200, (path, name)
                    assert found.headers["content-type"].startswith("text/javascript"), (path, name)


async def test_npm_installs_our_package(tmp_path: Path) -> None:
    npm = Path(sys.executable).with_name("npm")
    (tmp_path / "package.json").write_text('{"name": "product", "private": true}')
    async with running_server(tmp_path) as server:
        process = await asyncio.create_subprocess_exec(
            *(str(npm), "install", "--no-audit", "--no-fund", "--no-update-notifier", "--omit=peer"),
            f"http://127.0.0.1:{server.port}/client/tertulia.tgz",
            cwd=tmp_path,
            env={**os.environ, "npm_config_cache": str(tmp_path / "cache")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    there = tmp_path / "node_modules" / "tertulia"
    assert {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()} == set(own_web().client)


async def test_the_favicon() -> None:
    async with http_client() as http:
        answer = await http.get("/favicon.ico")
        assert answer.headers["content-type"] == "image/x-icon"
        assert answer.content.startswith(b"\x00\x00\x01\x00")


def test_our_own_files_are_all_served() -> None:
    assert [path for path in own_web().app if media_type(path) is None] == []
