import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.doctor.cases import case
from tertulia.cli.doctor import machine
from tertulia.cli.doctor.finding import Level
from tertulia.openfiles import RESERVED, limit_now


def test_this_machine_is_good(tmp_path: Path) -> None:
    found = case(tmp_path)
    for check in (machine.python, machine.sqlite, machine.sockets):
        assert check(found).level == "ok", check
    assert machine.open_files(found).what


def test_an_old_sqlite() -> None:
    assert machine.judge_sqlite((3, 34, 1)).level == "problem"
    assert "3.34.1" in machine.judge_sqlite((3, 34, 1)).what


@pytest.mark.parametrize(("wanted", "level"), [("picows", "problem"), ("auto", "warning")])
def test_sockets_that_do_not_work(wanted: str, level: Level) -> None:
    assert machine.judge_sockets("it broke", wanted).level == level
    assert machine.judge_sockets(None, wanted).level == "ok"


def test_sockets_that_nobody_wants_are_not_tried(tmp_path: Path) -> None:
    assert machine.sockets(case(tmp_path, sockets="asgi")).what == "Plain ASGI sockets, as asked for."


@pytest.mark.parametrize(
    ("limit", "wanted", "level"),
    [
        (65_536, 0, "ok"),
        (65_536, 60_000, "ok"),
        (65_536, 70_000, "warning"),
        (1_024, 0, "warning"),
        (1_024, 500, "warning"),
    ],
)
def test_open_files(limit: int, wanted: int, level: Level) -> None:
    found = machine.judge_open_files(limit, wanted)
    assert found.level == level
    assert (f"LimitNOFILE={max(wanted, 65_536) + RESERVED}" in found.advice) == (level == "warning")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_limit_of_another_process_is_seen() -> None:
    code = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (321, 654)); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert machine.limit_of(str(other.pid)) == 321
        assert machine.owner_of(str(other.pid)) == os.geteuid()
        other.kill()
    assert machine.limit_of(str(os.getpid())) == limit_now()
    assert machine.limit_of("0") is None
    assert machine.owner_of("0") is None


def test_who_runs_it(tmp_path: Path) -> None:
    found = machine.user(case(tmp_path))
    assert found.level == ("warning" if os.geteuid() == 0 else "ok")
    assert machine.name_of(0) == "root"
    assert machine.name_of(4_000_000_000) == "user 4000000000"


@pytest.mark.parametrize(("mask", "level"), [(0o022, "ok"), (0o077, "ok"), (0o000, "warning"), (0o020, "warning")])
def test_umask(mask: int, level: Level, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        assert machine.umask(case(tmp_path)).level == level
        assert os.umask(mask) == mask  # looking changes nothing
    finally:
        os.umask(before)
