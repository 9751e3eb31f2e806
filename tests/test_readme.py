"""The README's tour, pasted as it stands, against a real server process."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from support.process import server_process

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"<!-- tour -->\n```sh\n(.*?)```", re.DOTALL)


@pytest.mark.slow
async def test_the_tour_works_pasted_line_by_line(tmp_path: Path) -> None:
    blocks = _BLOCK.findall(README.read_text())
    assert len(blocks) > 4
    (tmp_path / ".venv").symlink_to(sys.prefix)  # where `make run` puts it
    async with server_process(tmp_path) as server:
        script = "".join(blocks).replace("http://127.0.0.1:8000", server.url)
        # A pipe into sh is what a paste into a terminal is.
        shell = await asyncio.create_subprocess_exec(
            *("sh", "-s"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env={**os.environ, "no_proxy": "127.0.0.1"},
        )
        async with asyncio.timeout(50):
            out, err = await shell.communicate(script.encode())
    said = out.decode()
    assert not err.decode().strip(), err.decode()
    for expected in ("200\nHello!\n", "in general with ana, ben\n", "ana: Are you there, @ben?\n"):
        assert expected in said, said
    assert "'unread': 1, 'mentions': 1" in said, said
    assert '"read_index":2' in said, said
    assert said.count('"code":"not_found"') == 1, said
