"""Running the command `tertulia` as people do, in a directory of its own."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from tertulia.cli import main

PROGRAM = Path(sys.executable).with_name("tertulia")


def environment(**more: str) -> dict[str, str]:
    """The environment of the tests without settings of Tertulia."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("TERTULIA_")}
    return {**kept, **more}


def tertulia(
    folder: Path, *words: str, given: str = "", variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in `folder`, with `given` on standard input; in this process, for that is quicker."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    before = dict(os.environ), sys.argv, sys.stdin
    os.environ.clear()
    os.environ.update(environment(**variables))
    sys.argv, sys.stdin = [str(PROGRAM), *words], io.StringIO(given)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        sys.argv, sys.stdin = before[1:]
    return subprocess.CompletedProcess([str(PROGRAM), *words], code, out.getvalue(), err.getvalue())


def process(folder: Path, *words: str, given: str = "", before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, with `before` in front of the command; one that hangs says where."""
    command = [*before, str(PROGRAM), *words]
    pipe, variables = subprocess.PIPE, environment(PYTHONFAULTHANDLER="1")
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as running:
        try:
            out, err = running.communicate(given, timeout=50)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGABRT)
            raise AssertionError("\n".join(running.communicate(timeout=5))) from None
    return subprocess.CompletedProcess(command, running.returncode, out, err)


class Serving:
    """`tertulia serve` on a free port, in a folder of its own, from when it says its address until `stop`."""

    def __init__(self, folder: Path, *words: str, program: Path = PROGRAM, **variables: str) -> None:
        self.folder = folder
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe that nobody reads would stop the server
        self.process = subprocess.Popen(
            [str(program), "serve", "--port", "0", *words],
            cwd=folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self._said = [said]
        assert " on http://" in said, self.log()
        self.address = said.split(" on ")[1].strip()

    def log(self) -> str:
        """What it wrote to standard error."""
        self._log.seek(0)
        return self._log.read()

    def get(self, path: str, token: str = "") -> Any:
        """The JSON of an answer; waits while the server still starts, for its socket listens already."""
        return self._ask(urllib.request.Request(self.address + path), token)

    def post(self, path: str, content: dict[str, str], token: str = "") -> Any:
        request = urllib.request.Request(self.address + path, json.dumps(content).encode())
        request.add_header("Content-Type", "application/json")
        return self._ask(request, token)

    def _ask(self, request: urllib.request.Request, token: str) -> Any:
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def login(self, username: str, password: str) -> str:
        """An access token."""
        answer = self.post("/api/v1/auth/login", {"username": username, "password": password})
        return str(answer["tokens"]["access"])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """How it ended."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self._said.append(self.process.stdout.read())
        return code

    def said(self) -> str:
        """What it wrote to standard output, until it was stopped."""
        return "".join(self._said)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=20)
        self._log.close()
