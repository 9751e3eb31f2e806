"""A React app, as somebody else's project has it: the package comes by npm from a running server, Vite builds it.

React and Vite are those of this repository's node_modules, so that no registry is asked.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree, ignore_patterns
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "react"
PATIENCE = 25.0
_ALONE = ("--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps", "--registry=http://127.0.0.1:9/")
"""No registry: without `legacy-peer-deps` npm would ask one for React, which it does not install."""
_INDEX = """<!doctype html>
<html lang="en">
  <head><meta charset="UTF-8" /><link rel="icon" href="data:," /><title>my-chat</title></head>
  <body><div id="root"></div><script type="module" src="/src/main.jsx"></script></body>
</html>
"""
_MAIN = """import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import App from './App.jsx'

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
"""


def copy_of_the_example(folder: Path) -> Path:
    return copytree(EXAMPLE, folder, ignore=ignore_patterns("node_modules", "dist", "package-lock.json"))


def fresh_app(folder: Path) -> Path:
    """As `npm create vite` makes it, but for its plugin; `src/App.jsx` is yours."""
    (folder / "src").mkdir(parents=True)
    (folder / "index.html").write_text(_INDEX)
    (folder / "src" / "main.jsx").write_text(_MAIN)
    return folder


async def install(folder: Path, url: str) -> None:
    """`npm install URL` into a project that has React already."""
    modules = ROOT / "node_modules"
    if not (modules / "vite").exists():
        _missing("there is no node_modules: run `sh tools/node`")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    await _run(folder, "npm", "install", *_ALONE, f"{url}/client/tertulia.tgz")
    for name in ("react", "react-dom"):
        (folder / "node_modules" / name).symlink_to(modules / name)


async def build(folder: Path, url: str) -> Path:
    """What a web server is given; it talks to the server at `url`."""
    vite = ROOT / "node_modules" / "vite" / "bin" / "vite.js"
    said = await _run(folder, "node", str(vite), "build", "--logLevel", "warn", VITE_TERTULIA_URL=url)
    assert not said.strip(), said
    return folder / "dist"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """The address of these files, on an origin of their own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


async def _run(folder: Path, *command: str, **env: str) -> str:
    """Everything that it printed; it has to work."""
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "PATH": own, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    return said.decode()


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
