"""A dialect's page in the documentation: what stands there for a shell and for JavaScript, run as it is."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from support.server import PATIENCE

PAGES = Path(__file__).parents[2] / "docs" / "dialects"
ADDRESS = "http://127.0.0.1:8000"
"""Of the server, as the pages have it."""
NODE = Path(sys.prefix) / "bin" / "node"


async def paste(name: str, port: int, folder: Path) -> str:
    """What a shell prints that is given all blocks with `curl` of the page, in order; nothing may go wrong."""
    script = "".join(block for block in _blocks(name, "sh", port) if "curl" in block)
    return await _run(("bash", "-e", "-s"), script, folder)


async def play(name: str, port: int, folder: Path) -> str:
    """What the page's JavaScript prints until it ends; nothing may go wrong."""
    if not NODE.exists():
        pytest.skip("there is no node: run `sh tools/node`")
    return await _run((str(NODE), "--input-type=module", "-"), "".join(_blocks(name, "js", port)), folder)


def _blocks(name: str, language: str, port: int) -> list[str]:
    blocks = re.findall(rf"```{language}\n(.*?)```", (PAGES / f"{name}.md").read_text(), re.DOTALL)
    return [block.replace(ADDRESS, f"http://127.0.0.1:{port}") for block in blocks]


async def _run(command: tuple[str, ...], script: str, folder: Path) -> str:
    shell = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "no_proxy": "127.0.0.1"},
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await shell.communicate(script.encode())
    assert (shell.returncode, err.decode()) == (0, ""), err.decode()
    return out.decode()
