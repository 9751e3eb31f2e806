"""The server as people run it: started, used, refused, stopped; and other commands beside it."""

import re
import resource
import signal
import socket
import threading
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import pytest

from support.commands import PROGRAM, Serving, tertulia

pytestmark = pytest.mark.slow
PASSWORD = "correct horse battery"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path) as serving:
        yield serving


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Ask again and again; what another process changes is seen within some seconds."""
    end, pause = perf_counter() + seconds, threading.Event()
    while not condition():
        assert perf_counter() < end
        pause.wait(0.1)


def status(ask: Callable[[], object]) -> int:
    try:
        ask()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    return 200


def rooms(server: Serving, token: str) -> dict[str, int]:
    return {room["name"]: room["member_count"] for room in server.get("/api/v1/rooms/directory", token)["items"]}


def superuser(folder: Path, name: str) -> None:
    words = ("createsuperuser", "--username", name, "--password-stdin")
    assert tertulia(folder, *words, given=f"{PASSWORD}\n").returncode == 0


def test_first_start_has_one_room_with_nobody_in_it(server: Serving) -> None:
    assert server.get("/readyz")["status"] == "ready"
    content = {"username": "ann", "password": PASSWORD}
    token = server.post("/api/v1/auth/register", content)["tokens"]["access"]
    assert rooms(server, token) == {"general": 0}
    assert server.get("/api/v1/rooms", token)["items"] == []


def test_second_start_is_ready_within_two_seconds(tmp_path: Path) -> None:
    """Measured as the work it takes, to its end even: other tests run beside this one."""
    took = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with Serving(tmp_path) as serving:
            serving.get("/readyz")
            serving.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took[1:]) < 2


def test_second_server_on_the_same_directory_is_refused(server: Serving) -> None:
    done = tertulia(server.folder, "serve", "--port", "0")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"A Tertulia server already runs on {server.folder}/data (process {server.process.pid}): "
        f"stop it with `kill {server.process.pid}`, or choose another directory with --data-dir.\n"
    )


def test_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = tertulia(tmp_path, "serve", "--port", str(port))
    assert done.returncode == 1
    said = rf"Port {port} is taken by another program: stop that one, or run `{PROGRAM} serve --port \d+`\.\n"
    assert re.fullmatch(said, done.stderr)


def test_no_migrate_refuses_and_migrate_helps(tmp_path: Path) -> None:
    done = tertulia(tmp_path, "serve", "--port", "0", "--no-migrate")
    assert done.returncode == 1
    command = re.findall("run `(.*)` to make it", done.stderr)[0]
    assert command == f"{PROGRAM} migrate"
    assert tertulia(tmp_path, "migrate").returncode == 0
    with Serving(tmp_path, "--no-migrate") as serving:
        assert serving.get("/readyz")["status"] == "ready"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_trace(server: Serving, number: int) -> None:
    server.get("/readyz")
    started = perf_counter()
    code = server.stop(number)
    assert perf_counter() - started < 10
    assert "Traceback" not in server.log()
    assert code in {0, -number, 128 + number}


def test_directory_of_a_killed_server_is_free(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        serving.get("/readyz")
        assert serving.stop(signal.SIGKILL) == -signal.SIGKILL
    with Serving(tmp_path) as serving:
        assert serving.get("/readyz")["status"] == "ready"


def test_account_made_beside_a_running_server_can_sign_in(server: Serving) -> None:
    server.get("/readyz")
    superuser(server.folder, "root")
    assert server.get("/api/v1/me", server.login("root", PASSWORD))["username"] == "root"


def test_demo_beside_a_running_server_is_seen_and_taken_away(server: Serving) -> None:
    server.get("/readyz")
    made = tertulia(server.folder, "demo", "--messages", "300")
    assert made.returncode == 0, made.stderr
    password = re.findall(r"│ ada +│ (\S+) ", made.stdout)[0]
    token = server.login("ada", password)
    assert rooms(server, token)["kitchen"] == 12
    mine = server.get("/api/v1/rooms", token)["items"]
    assert sum(room["message_count"] for room in mine) > 100

    removed = tertulia(server.folder, "demo", "--remove")
    assert removed.stdout == "Removed 12 people and 9 rooms.\n"
    assert status(lambda: server.login("ada", password)) == 401
    until(lambda: status(lambda: server.get("/api/v1/me", token)) == 401)
    superuser(server.folder, "root")
    assert rooms(server, server.login("root", PASSWORD)) == {"general": 0}


def test_settings_of_the_environment_reach_the_server(tmp_path: Path) -> None:
    with Serving(tmp_path, TERTULIA_DATA_DIR="elsewhere", TERTULIA_ALLOWED_HOSTS="chat.example") as serving:
        assert status(lambda: serving.get("/api/v1/me")) == 400  # not by that name
        assert (tmp_path / "elsewhere" / "tertulia.db").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_it_says_what_each_dialect_opens(tmp_path: Path) -> None:
    hosts = ("--dialect-host", "shh=shh.localhost", "--dialect-host", "channels=channels.localhost")
    with Serving(tmp_path, "--dialects", "chatrooms", "--root-dialect", "realtime", *hosts) as serving:
        serving.stop()
        said, port = serving.said(), serving.address.rpartition(":")[2]
    for name, roots in {
        "chatrooms": [f"{serving.address}/compat/chatrooms/"],
        "realtime": [f"{serving.address}/compat/realtime/", f"{serving.address}/"],
        "shh": [f"{serving.address}/compat/shh/", f"http://shh.localhost:{port}/"],
        "channels": [f"{serving.address}/compat/channels/", f"http://channels.localhost:{port}/"],
    }.items():
        assert re.search(rf"^ +{name} +{re.escape(' '.join(roots))} \(sockets", said, re.MULTILINE), said
    assert "conversations" not in said
