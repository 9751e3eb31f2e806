"""Where dialects are reached, and what stays the core's."""

from pathlib import Path

import pytest

from support.dialects import Place, dialect_server, place
from support.server import running_server
from tertulia.dialects import DIALECTS
from tertulia.dialects.documents import openapi
from tertulia.dialects.mounts import Where
from tertulia.dialects.places import places, where_of


async def test_off_unless_named(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        for path in ("/compat/chatrooms/api/chatrooms/", "/api/chatrooms/"):
            assert (await server.http.get(path)).status_code == 404
        async with Place(server, "chatrooms", "prefix").http as http:
            assert (await http.get("/swagger/")).status_code == 404
        assert await Place(server, "chatrooms", "prefix").refused("general", "x") == 404
        assert await Place(server, "chatrooms", "root").refused("general", "x") == 404


async def test_only_those_that_are_named(tmp_path: Path) -> None:
    async with running_server(tmp_path, dialects=("chatrooms",)) as server:
        assert (await server.http.get("/compat/chatrooms/api/chatrooms/")).status_code == 401
        assert (await server.http.get("/compat/shh/rooms/")).status_code == 404
        assert (await server.http.get("/compat/")).status_code == 404
        assert (await server.http.get("/api/chatrooms/")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/docs", "/api/openapi.json", "/app/", "/client/tertulia.js", "/about"]
)
async def test_the_core_stays_where_it_is(tmp_path: Path, path: str) -> None:
    async with place(tmp_path, "chatrooms", "root") as here:
        assert (await here.http.get(path)).status_code == 200
        assert (await here.http.get("/api/v1/rooms")).status_code == 401
        assert (await here.http.get("/")).headers["location"] == "app/"


async def test_every_dialect_has_its_document_at_each_place(tmp_path: Path) -> None:
    async with dialect_server(tmp_path, "realtime") as server:
        for name in DIALECTS:
            for where in ("prefix", "host"):
                here = Place(server, name, "prefix" if where == "prefix" else "host")
                async with here.http as http:
                    document = (await http.get("/swagger/openapi.json")).json()
                    assert document["info"]["title"] == f"Tertulia: {DIALECTS[name].title}"
                    assert (await http.get("/swagger/")).status_code == 200
        if "realtime" in DIALECTS:
            root = (await server.http.get("/swagger/openapi.json")).json()
            assert root["info"]["title"] == f"Tertulia: {DIALECTS['realtime'].title}"


@pytest.mark.parametrize("name", DIALECTS)
def test_documents_are_whole(name: str) -> None:
    document = openapi(DIALECTS[name])
    schemas = document["components"]["schemas"]
    assert document["paths"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["responses"], path
    assert all(f'"{ref}"' for ref in schemas)


def test_a_host_name_may_have_a_port_and_any_case() -> None:
    where = where_of((), "", ("chatrooms=chat.example.org",))
    assert where.at_root("Chat.Example.org:8000") is DIALECTS["chatrooms"]
    assert where.at_root("other.example.org") is None
    assert Where().at_root("") is None


def test_where_each_is_opened() -> None:
    found = dict(places(("shh",), "chatrooms", ("chatrooms=chat.example.org",), "http://127.0.0.1:8000"))
    assert found["chatrooms"] == [
        "http://127.0.0.1:8000/compat/chatrooms/",
        "http://127.0.0.1:8000/",
        "http://chat.example.org:8000/",
    ]


async def test_host_names_of_dialects_are_allowed_and_others_are_not(tmp_path: Path) -> None:
    async with running_server(tmp_path, dialect_host=("chatrooms=chat.example.org",)) as server:
        here = {"host": f"chat.example.org:{server.port}"}
        assert (await server.http.get("/api/chatrooms/", headers=here)).status_code == 401
        other = {"host": f"evil.example.org:{server.port}"}
        assert (await server.http.get("/api/chatrooms/", headers=other)).status_code == 400
