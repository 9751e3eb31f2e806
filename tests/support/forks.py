"""Server processes without the second that Python takes to import: each is a fork of one that has imported all.

`python -m support.forks` reads a line of JSON for each task, and answers with a number: `start` (arguments, variables
and folder of a command) forks a process and tells its id, `wait` returns when that process is gone and tells how.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]


class Forks:
    """The process that forks; started at the first call, and ended by `close`."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *words: str, folder: Path, variables: dict[str, str]) -> int:
        """Run `tertulia words…` in a process of its own; its id."""
        return await self._ask({"start": words, "folder": str(folder), "variables": variables})

    async def wait(self, process: int) -> int:
        """Return when it is gone: what it ended with, or minus the signal."""
        return await self._ask({"wait": process})

    async def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def _ask(self, task: dict[str, Any]) -> int:
        if self._process is None:
            path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "support.forks"),
                env={**os.environ, "PYTHONPATH": path}, stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        answer = await self._process.stdout.readline()
        assert answer, "the process that forks ended"
        return int(answer)


def _fork(task: dict[str, Any]) -> int:
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nowhere, number)
        os.environ.clear()
        os.environ.update(task["variables"])
        os.chdir(task["folder"])
        sys.argv = ["tertulia", *task["start"]]
        from tertulia.cli import main

        main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    finally:
        os._exit(0)


def _serve_tasks() -> None:
    import tertulia.app
    import tertulia.cli.serve  # noqa: F401 - what the processes would import

    for line in sys.stdin:
        task = json.loads(line)
        answer = _fork(task) if "start" in task else os.waitstatus_to_exitcode(os.waitpid(task["wait"], 0)[1])
        os.write(1, f"{answer}\n".encode())


if __name__ == "__main__":
    _serve_tasks()
