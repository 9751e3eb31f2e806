"""The README's tour and "Use your own users", pasted as they stand, against a real server process."""

import asyncio
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from support.process import server_process

README = Path(__file__).parent.parent / "README.md"


def blocks(mark: str) -> list[str]:
    return re.findall(rf"<!-- {mark} -->\n```sh\n(.*?)```", README.read_text(), re.DOTALL)


async def pasted(script: str, folder: Path) -> str:
    """What a shell prints; nothing may go wrong. A pipe into sh is what a paste into a terminal is."""
    shell = await asyncio.create_subprocess_exec(
        *("sh", "-s"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "no_proxy": "127.0.0.1"},
    )
    async with asyncio.timeout(50):
        out, err = await shell.communicate(script.encode())
    assert not err.decode().strip(), err.decode()
    return out.decode()


@pytest.mark.slow
async def test_the_tour_works_pasted_line_by_line(tmp_path: Path) -> None:
    assert len(blocks("tour")) > 4
    (tmp_path / ".venv").symlink_to(sys.prefix)  # where `make run` puts it
    async with server_process(tmp_path) as server:
        said = await pasted("".join(blocks("tour")).replace("http://127.0.0.1:8000", server.url), tmp_path)
    for expected in ("200\nHello!\n", "in general with ana, ben\n", "ana: Are you there, @ben?\n"):
        assert expected in said, said
    assert "'unread': 1, 'mentions': 1" in said, said
    assert '"read_index":2' in said, said
    assert said.count('"code":"not_found"') == 1, said


@pytest.mark.slow
async def test_use_your_own_users_works_pasted_line_by_line(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".env").touch(mode=0o644)  # made by another step before
    await pasted("".join(blocks("own users: settings")), tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert len(blocks("own users")) > 3
    async with server_process(tmp_path) as server:
        said = await pasted("".join(blocks("own users")).replace("http://127.0.0.1:8000", server.url), tmp_path)
    assert '"external_id":"user-17"' in said, said
    assert "Ana Garc\u00eda" in said, said
    assert len(set(re.findall(r'"id":"([0-9a-f-]+)","number":\d+,"kind":"private"', said))) == 1, said
    assert "Order 42 1 Your order is on its way.\n" in said, said
    assert said.rstrip().endswith("}"), said
    assert said.count('"code":"unauthorized"') == 1, said
