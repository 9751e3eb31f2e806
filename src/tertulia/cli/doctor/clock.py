"""Does the clock tell the time? Nobody outside is asked."""

import ctypes
import os
import sys
import tempfile
from datetime import UTC, datetime

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, warning
from tertulia.storage import inspection

SECOND = 1_000_000
FIRST_DAY = 1_750_000_000 * SECOND
"""No copy of this program is older."""
LAST_DAY = 4_102_444_800 * SECOND
APART, AHEAD = 2, 60
"""Seconds that two clocks may differ; seconds that what is stored may lie ahead."""

_SYNCHRONIZE = "Switch on synchronization: `timedatectl set-ntp true`, or install chrony."
_TIME_ERROR = 5
"""What adjtimex answers while nothing keeps the clock right."""


def clock(case: Case) -> Finding:
    now = case.clock.now()
    return (
        judge_day(now)
        or judge_stored(now, _newest(case))
        or judge_steps(now - case.began[0], case.clock.monotonic() - case.began[1])
        or ok(f"It is {_shown(now)}.")
    )


def judge_day(now: int) -> Finding | None:
    """Microseconds since 1970."""
    if FIRST_DAY <= now < LAST_DAY:
        return None
    return problem(
        f"The clock says {_shown(now)}, which cannot be: tokens and the order of times go wrong.", _SYNCHRONIZE
    )


def judge_stored(now: int, newest: int) -> Finding | None:
    if newest <= now + AHEAD * SECOND:
        return None
    return warning(
        f"The clock says {_shown(now)}, and the database was last written at {_shown(newest)}: it has gone back.",
        _SYNCHRONIZE,
    )


def judge_steps(passed: int, passed_steadily: float) -> Finding | None:
    """Wall time (microseconds) against monotonic time (seconds), since the doctor came."""
    if abs(passed / SECOND - passed_steadily) <= APART:
        return None
    return warning("The clock jumped while it was looked at.", _SYNCHRONIZE)


def file_clock(case: Case) -> Finding | None:
    """A file system elsewhere has a clock of its own."""
    try:
        with tempfile.TemporaryFile(dir=case.folder) as file:
            file.write(b"?")
            file.flush()
            written = _modified(file.fileno())
    except OSError:
        return None  # missing or read-only: the check of the directory says so
    apart = abs(case.clock.now() - written) / SECOND
    if apart <= APART:
        return ok("The file system has the same time.")
    return warning(f"The time of the file system is {apart:.0f} seconds off.", _SYNCHRONIZE)


def synchronized(_case: Case) -> Finding | None:
    state = kernel_state()
    return None if state is None else judge_synchronized(state)


def kernel_state() -> int | None:
    """What Linux knows of its clock; None where it does not say."""
    if sys.platform != "linux":
        return None
    ask = getattr(ctypes.CDLL(None), "adjtimex", None)
    if ask is None:
        return None
    state = int(ask(ctypes.create_string_buffer(512)))  # zeroes: read only; more room than any `struct timex` has
    return state if state >= 0 else None


def judge_synchronized(state: int) -> Finding:
    if state == _TIME_ERROR:
        return warning("The kernel does not know that anything keeps the clock right.", _SYNCHRONIZE)
    return ok("Something keeps the clock right.")


def _newest(case: Case) -> int:
    return max((file.stat().st_mtime_ns // 1_000 for file in inspection.files(case.settings.database_url)), default=0)


def _modified(descriptor: int) -> int:
    return os.fstat(descriptor).st_mtime_ns // 1_000


def _shown(micros: int) -> str:
    return datetime.fromtimestamp(micros / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")


CHECKS: Checks = (("clock", clock), ("file clock", file_clock), ("synchronized", synchronized))
