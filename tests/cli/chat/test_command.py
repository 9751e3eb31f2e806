"""`tertulia chat` as a process: in a pipe and in a terminal."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.process import ServerProcess, free_port, server_process
from support.terminals import Terminal
from support.web import plain_client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
PASSWORD = "correct horse battery"
CHAT = (sys.executable, "-m", "tertulia", "chat")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    async with server_process(tmp_path) as server:
        yield server


async def piped(*words: str, given: str = "") -> tuple[int, str, str]:
    """Exit code, output, errors."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*CHAT, *words, stdin=pipe, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(60):
        out, errors = await process.communicate(given.encode())
    return process.returncode or 0, out.decode(), errors.decode()


async def test_scripts_post_line_by_line_and_end_when_all_is_stored(server: ServerProcess) -> None:
    words = ("--url", server.url, "--username", "ana", "--password-stdin")
    lines = "".join(f"line {number}\n" for number in range(1, 301))
    code, out, errors = await piped(*words, "--sign-up", given=f"{PASSWORD}\n{lines}no end of line")
    assert (code, errors) == (0, "")
    posted = re.findall(r"^#(\d+) \d\d:\d\d ana: (.*)$", out, re.MULTILINE)
    said = [*(f"line {number}" for number in range(1, 301)), "no end of line"]
    assert posted == [(str(index), line) for index, line in enumerate(said, start=1)]
    assert "\x1b" not in out

    code, out, errors = await piped(*words, "--room", "nowhere", given=f"{PASSWORD}\nlost\n")
    assert code == 1
    assert "! There is no room nowhere." in out

    code, out, errors = await piped(*words, given="a wrong one\n")
    assert (code, out) == (1, "")
    assert errors == "Wrong username or password. For a new account add --sign-up.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--url", f"http://127.0.0.1:{free_port()}", "--username", "ana", "--password-stdin"), "No server answers at"),
        (("--url", "chat.example.org", "--username", "ana", "--password-stdin"), "Give the server's address like this"),
        ((), "Nobody is here to ask"),
    ],
)
async def test_what_cannot_work_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    code, out, errors = await piped(*words, given=f"{PASSWORD}\n")
    assert (code, out) == (1, "")
    assert errors.startswith(sentence)
    assert errors.count("\n") == 1


@pytest.mark.parametrize("key", ["\x03", "\x04", "/quit\r"], ids=["Ctrl-C", "Ctrl-D", "quit"])
async def test_signing_up_in_a_narrow_terminal_without_colours(server: ServerProcess, key: str) -> None:
    terminal = Terminal((*CHAT, "--url", server.url), columns=40, rows=20, NO_COLOR="1")
    try:
        for question, answer in (
            ("Username: ", "ana"),
            ("Password: ", PASSWORD),
            ("[y/N]: ", "y"),
            ("The same again: ", PASSWORD),
            ("general>", "Hello, all of you out there in the wide world"),
        ):
            await terminal.shows(question)
            terminal.type(f"{answer}\r")
        await terminal.shows("#1 ")
        await terminal.shows("    there in the wide world\r")
        terminal.type(key)
        assert await terminal.end() == 0
    finally:
        terminal.close()
    assert PASSWORD not in terminal.text
    assert not re.search(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7])m", terminal.raw)


async def test_a_revoked_session_says_so(server: ServerProcess) -> None:
    words = (*CHAT, "--url", server.url, "--username", "ana", "--sign-up")
    first = Terminal(words, TERTULIA_CHAT_PASSWORD=PASSWORD)
    try:
        await first.shows("general>")
        await _sign_out_everywhere(server)
        await first.shows("You were signed out: ")
        assert await first.end() == 1
    finally:
        first.close()


async def _sign_out_everywhere(server: ServerProcess) -> None:
    async with plain_client(f"{server.url}/api/v1/") as http:
        signed_in = (await http.post("auth/login", json={"username": "ana", "password": PASSWORD})).json()
        bearer = {"Authorization": f"Bearer {signed_in['tokens']['access']}"}
        assert (await http.post("auth/logout", json={"everywhere": True}, headers=bearer)).is_success
