"""Pages and documents: all from here, nothing from elsewhere."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from support.asgi import ask, http_scope
from support.web import http_client
from tertulia import __version__

PAGES = ("/about", "/auth/reset", "/auth/confirm", "/api/docs", "/swagger/")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client() as client:
        yield client


def links(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', page)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_and_all_that_it_names(http: httpx.AsyncClient, path: str) -> None:
    page = await http.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert links(page.text)
    for link in links(page.text):
        found = await http.get(str(page.url.join(link)))
        assert found.status_code == 200, link
        assert found.url.host == "127.0.0.1"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_load_and_run_nothing_from_elsewhere(http: httpx.AsyncClient, path: str) -> None:
    page = await http.get(path)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "//" not in page.headers["content-security-policy"]
    assert "://" not in page.text
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|<style|\sstyle=", page.text)  # all of it in files


async def test_swagger_asks_nobody_else(http: httpx.AsyncClient) -> None:
    script = (await http.get("/swagger/swagger.js")).text
    assert 'url: "openapi.json"' in script
    beside = [(await http.get(f"/{place}/openapi.json")).json() for place in ("api", "swagger")]
    assert beside[0] == beside[1]
    assert "validatorUrl: null" in script
    style = (await http.get("/swagger/swagger-ui.css")).text
    assert all(source.startswith("data:") for source in re.findall(r"url\([\"']?([^)\"']{5})", style))
    assert "@import" not in style
    assert len((await http.get("/swagger/swagger-ui-bundle.js")).content) > 500_000


async def test_swagger_without_the_slash(http: httpx.AsyncClient) -> None:
    response = await http.get("/swagger")
    assert response.status_code == 308
    assert str(response.url.join(response.headers["location"])) == "http://127.0.0.1:8000/swagger/"


async def test_a_page_says_what_runs(http: httpx.AsyncClient) -> None:
    page = (await http.get("/about")).text
    assert f"version {__version__}" in page
    for link in ("api/docs", "api/openapi.json", "api/asyncapi.json", "healthz", "readyz", "metrics"):
        assert link in links(page)


async def test_the_documents(http: httpx.AsyncClient) -> None:
    openapi, asyncapi = await http.get("/api/openapi.json"), await http.get("/api/asyncapi.json")
    assert openapi.headers["content-type"] == asyncapi.headers["content-type"] == "application/json"
    assert openapi.json()["info"]["version"] == asyncapi.json()["info"]["version"] == __version__
    assert openapi.json()["openapi"].startswith("3.")
    assert asyncapi.json()["asyncapi"] == "3.0.0"


async def test_what_did_not_change_is_not_sent_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/assets/page.css")
    second = await http.get("/assets/page.css", headers={"if-none-match": first.headers["etag"]})
    third = await http.get("/assets/page.css", headers={"if-none-match": '"other"'})
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert third.content == first.content


@pytest.mark.parametrize("path", ["/assets/", "/assets/../index.html", "/assets/..%2findex.html", "/swagger/x.js"])
async def test_only_what_is_listed_is_served(path: str, http: httpx.AsyncClient) -> None:
    app = http._transport.app  # type: ignore[attr-defined]
    sent, _ = await ask(app, http_scope(path))
    assert sent[0]["status"] == 404


async def test_head_and_other_methods(http: httpx.AsyncClient) -> None:
    for path in PAGES:
        assert (await http.head(path)).status_code == 200
        response = await http.post(path)
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("name", ["reset", "confirm"])
async def test_pages_of_links_tell_nobody_where_one_comes_from(http: httpx.AsyncClient, name: str) -> None:
    page = await http.get(f"/auth/{name}")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "form-action 'none'" in page.headers["content-security-policy"]  # only the script sends anything
    for script in (f"/assets/{name}.js", "/assets/link.js"):
        answer = await http.get(script)
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "innerHTML" not in answer.text
