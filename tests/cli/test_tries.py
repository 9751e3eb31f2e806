"""The lines with which `tertulia demo` lets people try the dialects: each does what it says, in a real shell."""

import asyncio
import json
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

import pytest

from support.dialects import PASSWORD, dialect_server
from tertulia.cli.tries import tries
from tertulia.dialects import DIALECTS
from tertulia.services.accounts import Device, Registration


@pytest.mark.parametrize("name", DIALECTS)
async def test_lines_to_try(tmp_path: Path, name: str) -> None:
    """The socket of the second opens, and says back what is said there."""
    async with dialect_server(tmp_path, name) as server:
        accounts, device = server.application.services.accounts, Device("", "")
        ann = Registration("ann", PASSWORD.replace(" ", "-"), "ann@demo.example")
        user = (await accounts.register(ann, device)).user
        partner = (await accounts.register(Registration("bob", PASSWORD, "bob@demo.example"), device)).user
        lines = dict(tries(f"http://127.0.0.1:{server.port}", user, ann.password, partner, "general"))
        curl, socket = lines[name]
        said = {"message": "Hello", "recipient_id": partner.id} if name == "conversations" else {"message": "Hello"}
        script = f"set -e\n{curl}\nexec {socket}"
        shell = await asyncio.create_subprocess_exec("bash", "-c", script, stdin=PIPE, stdout=PIPE, stderr=STDOUT)
        async with asyncio.timeout(30):
            await heard(shell, b"Connected to")
            assert shell.stdin is not None
            shell.stdin.write(json.dumps(said).encode() + b"\n")
            await heard(shell, b"Hello")
            shell.stdin.close()
            await shell.communicate()


async def heard(shell: Process, wanted: bytes) -> None:
    """Read until this was said; an error shows what was said instead."""
    assert shell.stdout is not None
    said = b""
    while wanted not in said:
        piece = await shell.stdout.read(4_096)
        assert piece, said.decode()
        said += piece
