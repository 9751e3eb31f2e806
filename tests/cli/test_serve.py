"""`tertulia serve` up to the point where the application runs: it makes, checks, refuses and says."""

import os
import shlex
import socket
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tertulia.cli.serve import listen, serve, url_of
from tertulia.datadir import DataDirError
from tertulia.openfiles import limit_now, sockets_within
from tertulia.refusal import Refusal
from tertulia.settings import Settings, load
from tertulia.storage import schema
from tertulia.storage.schema import SchemaError


class Stage:
    """Stands in for the application: notes what it was given, and lets a test act while it "runs"."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.address = ""
        self.connected = False

    def start(self, settings: Settings, listeners: list[socket.socket]) -> None:
        self.settings, self.address = settings, url_of(listeners[0])
        with closing(socket.create_connection(listeners[0].getsockname()[:2], timeout=5)):
            self.connected = True  # before anybody accepts: who was told the address need not wait


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TERTULIA_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_first_start_makes_directory_database_and_key(stage: Stage, tmp_path: Path) -> None:
    serve(load({"port": "0"}), start=stage.start)
    assert stage.connected
    data = tmp_path / "data"
    assert schema.is_current(stage.settings.database_url)
    assert stage.settings.database_url == f"sqlite:///{data}/tertulia.db"
    assert stat.S_IMODE((data / "secret-key").stat().st_mode) == 0o600
    assert stage.settings.secret_key == (data / "secret-key").read_text().strip()


def test_second_start_keeps_what_is_there(stage: Stage) -> None:
    serve(load({"port": "0"}), start=stage.start)
    first = stage.settings
    serve(load({"port": "0"}), start=stage.start)
    assert stage.settings == first


def test_a_key_of_ones_own_makes_no_file(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_SECRET_KEY", "k" * 40)
    serve(load({"port": "0"}), start=stage.start)
    assert stage.settings.secret_key == "k" * 40
    assert not (tmp_path / "data" / "secret-key").exists()


def test_report_says_where_things_are_and_what_to_do(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(load({"port": "0"}), start=stage.start)
    said = capsys.readouterr().out
    assert stage.address in said
    assert f"{tmp_path}/data (new)" in said
    assert f"{stage.address}/api/docs" in said
    assert f"up to {stage.settings.max_connections:,}" in said
    for command in ("chat", "demo", "createsuperuser"):
        assert f"tertulia {command}" in said
    assert len(said.splitlines()) <= 10
    serve(load({"port": "0"}), start=stage.start)
    assert "(new)" not in capsys.readouterr().out


def test_commands_of_the_report_may_be_pasted(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started by a path, on a directory of its own with a space in it: the commands say so too."""
    program = tmp_path / ".venv" / "bin" / "tertulia"
    monkeypatch.setattr(sys, "argv", [str(program)])
    serve(load({"port": "0", "data_dir": "my data"}), start=stage.start)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "createsuperuser" in line]
    words = shlex.split(line.removeprefix("  make an admin"))
    assert words[:4] == [".venv/bin/tertulia", "createsuperuser", "--data-dir", f"{tmp_path}/my data"]


def test_second_server_on_the_same_directory_is_refused(stage: Stage) -> None:
    def start(settings: Settings, listeners: list[socket.socket]) -> None:
        with pytest.raises(
            DataDirError, match=rf"already runs on .*/data \(process {os.getpid()}\): stop it with `kill"
        ):
            serve(load({"port": "0"}), start=stage.start)
        stage.start(settings, listeners)

    serve(load({"port": "0"}), start=start)
    serve(load({"port": "0"}), start=stage.start)  # and free again afterwards


def test_taken_port_is_one_sentence_with_a_command_that_works(stage: Stage, taken: int) -> None:
    with pytest.raises(Refusal) as caught:
        serve(load({"port": str(taken)}), start=stage.start)
    said = str(caught.value)
    assert said.startswith(f"Port {taken} is taken by another program: stop that one, or run `tertulia serve --port ")
    port = said.split("--port ")[1].split("`", maxsplit=1)[0]
    serve(load({"port": port}), start=stage.start)
    assert stage.address.endswith(f":{port}")


def test_address_that_is_not_here_is_one_sentence(stage: Stage) -> None:
    for host in ("192.0.2.1", "no-such-host.invalid"):
        with pytest.raises(Refusal, match=f"^This machine has no address {host}: use --host 127"):
            serve(load({"host": host, "port": "0"}), start=stage.start)


def test_no_migrate_refuses_with_the_command(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"no Tertulia database at .*: run `tertulia migrate` to make it"):
        serve(load({"port": "0"}), migrate=False, start=stage.start)
    assert not (tmp_path / "data" / "tertulia.db").exists()
    schema.migrate(load().settings.database_url)
    serve(load({"port": "0"}), migrate=False, start=stage.start)
    assert stage.connected


def test_newer_database_is_refused_unless_it_lets_this_version_run(stage: Stage, tmp_path: Path) -> None:
    serve(load({"port": "0"}), start=stage.start)
    with closing(sqlite3.connect(tmp_path / "data" / "tertulia.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        for migrate in (True, False):
            serve(load({"port": "0"}), migrate=migrate, start=stage.start)
        connection.execute("UPDATE alembic_version SET oldest = '9999'")
        connection.commit()
    with pytest.raises(SchemaError, match="newer version"):
        serve(load({"port": "0"}), start=stage.start)


def test_as_many_sockets_as_files_may_be_open(stage: Stage) -> None:
    serve(load({"port": "0"}), start=stage.start)
    assert stage.settings.max_connections == sockets_within(limit_now())


def test_fewer_sockets_if_the_setting_says_so(stage: Stage) -> None:
    serve(load({"port": "0", "max_connections": "10"}), start=stage.start)
    assert stage.settings.max_connections == 10


def test_more_sockets_than_files_is_said_and_cut(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    serve(load({"port": "0", "max_connections": "10000000"}), start=stage.start)
    assert stage.settings.max_connections == sockets_within(limit_now())
    assert "more sockets than the limit of open files carries" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("localhost", None), ("::", "[::1]")]
)
def test_listens_on_all_addresses_of_the_host(host: str, shown: str | None) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    listeners = listen(load({"host": host, "port": "0"}))
    ports = {listener.getsockname()[1] for listener in listeners}
    assert len(ports) == 1
    if shown:
        assert url_of(listeners[0]) == f"http://{shown}:{ports.pop()}"
    for listener in listeners:
        listener.close()
