"""Server processes without the second that Python takes to import: each is a fork of one that has imported all.

`python -m support.forks` reads a line of JSON for each task, and answers at once with one: `start` (arguments,
variables and folder of a command) forks a process and tells its id, `look` tells how a process ended, or null while it
runs.
"""

import atexit
import gc
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tertulia.clock import SystemClock

TESTS = Path(__file__).parents[1]


class Forks:
    """The process that forks. It ends with the one that started it."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forks"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests
        )

    def start(self, *words: str, folder: Path, variables: dict[str, str]) -> int:
        """Run `tertulia words…` in a process of its own; its id."""
        return int(self._ask({"start": words, "folder": str(folder), "variables": variables}))

    async def wait(self, process: int) -> int:
        """Return when it is gone: what it ended with, or minus the signal."""
        while (code := self._ask({"look": process})) is None:
            await SystemClock().sleep(0.005)
        return int(code)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, task: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks ended"
        return json.loads(answer)


@cache
def forks() -> Forks:
    """The one of this process."""
    found = Forks()
    atexit.register(found.close)
    return found


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


def _look(process: int) -> int | None:
    found, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _serve_tasks() -> None:
    import tertulia.app
    import tertulia.cli.serve  # noqa: F401 - what the processes would import

    gc.freeze()  # and need not look through
    for line in sys.stdin:
        task = json.loads(line)
        answer = _fork(task) if "start" in task else _look(task["look"])
        os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _serve_tasks()
