import socket
from pathlib import Path

from cli.doctor.cases import case, said
from support.commands import Serving
from support.process import free_port
from tertulia.cli.doctor import port
from tertulia.datadir import Serving as Server
from tertulia.datadir import serving as server_of


def test_a_free_port_and_one_that_is_taken(tmp_path: Path) -> None:
    number = free_port()
    found = said(port.port(case(tmp_path, port=number)))
    assert (found.level, found.what) == ("ok", f"http://127.0.0.1:{number} is free.")
    with socket.create_server(("127.0.0.1", number)):
        found = said(port.port(case(tmp_path, port=number)))
    assert (found.level, found.what) == ("problem", f"Port {number} is taken by another program.")
    assert "--port" in found.advice


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    found = said(port.port(case(tmp_path, host="192.0.2.1")))
    assert found.level == "problem"
    assert port.port(case(tmp_path, port=0)) is None


def test_our_own_server_answers(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        serving.get("/readyz")
        number = int(serving.address.rsplit(":", 1)[1])
        server = server_of(tmp_path / "data")
        assert server == Server(str(serving.process.pid), serving.address)
        running = case(tmp_path, server=server)  # the settings say another port than the command line of the server
        assert f"process {server.process}" in port.server(running).what
        found = said(port.port(running))
        assert (found.level, found.what) == ("ok", f"The server answers at {serving.address} and is ready.")
        silent = Server(server.process)  # under another ASGI server it does not know its own address
        found = said(port.port(case(tmp_path, port=number, server=silent)))
        assert (found.level, found.what) == ("ok", f"The server answers at {serving.address} and is ready.")
        assert said(port.port(case(tmp_path, port=free_port(), server=silent))).level == "warning"
        assert port.port(case(tmp_path, port=0, server=silent)) is None
    assert server_of(tmp_path / "data") is None
    assert "No server" in port.server(case(tmp_path)).what


def test_addresses() -> None:
    assert port.address_of("0.0.0.0", 1) == "http://127.0.0.1:1"
    assert port.address_of("::", 1) == "http://[::1]:1"
    assert port.address_of("chat.example", 1) == "http://chat.example:1"
