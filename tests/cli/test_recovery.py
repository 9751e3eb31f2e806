"""`tertulia reset-password`, also beside a server that runs."""

import json
import re
import signal
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from support.commands import Serving, tertulia

PASSWORD, NEW_PASSWORD = "correct horse battery", "staple gun at dawn"


def make_ann(folder: Path) -> None:
    words = ("createsuperuser", "--username", "ann", "--email", "ann@example.org", "--password-stdin")
    assert tertulia(folder, *words, given=f"{PASSWORD}\n").returncode == 0


def execute(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "data" / "tertulia.db")) as connection, connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("name", ["ann", "Ann@Example.org"])
def test_a_link_alone_on_standard_output(tmp_path: Path, name: str) -> None:
    make_ann(tmp_path)
    done = tertulia(tmp_path, "reset-password", name)
    assert done.returncode == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/auth/reset#token=[\w-]{43}\n", done.stdout)
    assert done.stderr.startswith("With this link ann can choose a new password")
    assert execute(tmp_path, "SELECT act, via, user, actor FROM audit") == [("reset_password", "command line", 1, None)]
    assert done.stdout.split("=")[1].strip() not in str(execute(tmp_path, "SELECT * FROM links"))


@pytest.mark.parametrize(
    ("words", "variables", "start"),
    [
        (["--public-url", "https://chat.test/x/"], {}, "https://chat.test/x/auth/reset#"),
        ([], {"TERTULIA_PUBLIC_URL": "https://chat.test"}, "https://chat.test/auth/reset#"),
        (["--host", "0.0.0.0", "--port", "81"], {}, "http://127.0.0.1:81/auth/reset#"),
    ],
)
def test_where_the_link_leads(tmp_path: Path, words: list[str], variables: dict[str, str], start: str) -> None:
    make_ann(tmp_path)
    assert tertulia(tmp_path, "reset-password", "ann", *words, variables=variables).stdout.startswith(start)


@pytest.mark.parametrize(
    ("before", "name", "said"),
    [
        ("SELECT 1", "nobody", "There is no such active account of that name."),
        ("SELECT 1", "", "There is no such active account of that name."),
        ("UPDATE users SET is_active = 0", "ann", "There is no such active account of that name."),
        (
            "UPDATE users SET password_hash = NULL, email_login = NULL",
            "ann",
            "This account has no password: its users sign in elsewhere.",
        ),
    ],
)
def test_for_whom_there_is_none(tmp_path: Path, before: str, name: str, said: str) -> None:
    make_ann(tmp_path)
    execute(tmp_path, before)
    done = tertulia(tmp_path, "reset-password", name)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{said}\n")


def test_beside_a_server(tmp_path: Path) -> None:
    make_ann(tmp_path)
    with Serving(tmp_path) as server:
        access = server.login("ann", PASSWORD)
        link = tertulia(tmp_path, "reset-password", "ann").stdout.strip()
        assert link.startswith(f"{server.address}/auth/reset#")
        token = link.split("#token=")[1]
        content = json.dumps({"token": token, "password": NEW_PASSWORD}).encode()
        request = urllib.request.Request(
            f"{server.address}/api/v1/auth/reset", content, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 204
        with pytest.raises(urllib.error.HTTPError) as refused:
            server.get("/api/v1/me", access)
        assert refused.value.code == 401
        refused.value.close()
        assert server.login("ann", NEW_PASSWORD)
        assert token not in server.log()


def test_the_link_leads_to_where_the_server_really_is(tmp_path: Path) -> None:
    make_ann(tmp_path)

    def start_of_link(*words: str, **variables: str) -> str:
        return tertulia(tmp_path, "reset-password", "ann", *words, variables=variables).stdout.split("/auth/")[0]

    with Serving(tmp_path) as server:
        assert start_of_link() == server.address
        assert start_of_link(TERTULIA_PORT="9") == server.address  # this one runs
        assert start_of_link("--port", "9") == "http://127.0.0.1:9"  # said on purpose
        assert start_of_link(TERTULIA_PUBLIC_URL="https://chat.test") == "https://chat.test"
        server.stop(signal.SIGKILL)
    assert start_of_link() == "http://127.0.0.1:8000"
    with Serving(tmp_path, "--public-url", "https://chat.test") as server:
        assert start_of_link() == "https://chat.test"
        assert server.address in (tmp_path / "data" / "serve.lock").read_text()
