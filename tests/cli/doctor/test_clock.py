import os
from pathlib import Path

import pytest

from cli.doctor.cases import case, said
from support.clock import START, FakeClock
from tertulia.cli.doctor import clock
from tertulia.cli.doctor.clock import SECOND
from tertulia.cli.doctor.finding import Level

DAY = 86_400 * SECOND


def test_this_machines_clock_is_good(tmp_path: Path) -> None:
    assert clock.clock(case(tmp_path)).level == "ok"
    assert clock.file_clock(case(tmp_path)) is None
    (tmp_path / "data").mkdir()
    found = said(clock.file_clock(case(tmp_path)))
    assert found.level == "ok"


@pytest.mark.parametrize("now", [0, START - 9_999 * DAY, START + 99_999 * DAY])
def test_a_year_that_cannot_be(now: int) -> None:
    found = said(clock.judge_day(now))
    assert found.level == "problem"


def test_a_clock_that_went_back(tmp_path: Path) -> None:
    found = case(tmp_path, clock=FakeClock())
    found.folder.mkdir()
    found.database.write_bytes(b"")
    os.utime(found.database, (START / SECOND, START / SECOND))
    assert clock.clock(found).level == "ok"
    os.utime(found.database, (START / SECOND + 90, START / SECOND + 90))
    assert clock.clock(found).level == "warning"


def test_a_clock_that_jumps() -> None:
    assert clock.judge_steps(5 * SECOND, 5.1) is None
    found = said(clock.judge_steps(-3_600 * SECOND, 5.0))
    assert found.level == "warning"


def test_a_file_system_with_another_time(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    found = said(clock.file_clock(case(tmp_path, clock=FakeClock())))
    assert found.level == "warning"


@pytest.mark.parametrize(("state", "level"), [(0, "ok"), (1, "ok"), (5, "warning")])
def test_what_the_kernel_says(state: int, level: Level, tmp_path: Path) -> None:
    assert clock.judge_synchronized(state).level == level
    known = clock.kernel_state()
    assert known is None or known in range(6)
    found = clock.synchronized(case(tmp_path))
    assert (found is None) == (known is None)
