"""Python, SQLite, sockets, open files, the user: what the server stands on."""

import os
import platform
import pwd
import re
import sys
from pathlib import Path

import uvloop

from tertulia import openfiles
from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, warning
from tertulia.gateway.selfcheck import takeover_fault, versions
from tertulia.settings import variable
from tertulia.storage.inspection import sqlite_version

PYTHON, SQLITE = (3, 11), (3, 35)
FEW_SOCKETS = 1_000


def python(_case: Case) -> Finding:
    version, cores = platform.python_version(), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    if sys.version_info < PYTHON:
        return problem(f"Python {version} is too old.", "Install 3.11 or newer.")
    return ok(f"Python {version}" + (f" on {cores} cores." if cores > 1 else "."))


def sqlite(_case: Case) -> Finding:
    return judge_sqlite(sqlite_version())


def judge_sqlite(version: tuple[int, ...]) -> Finding:
    shown = ".".join(map(str, version))
    if version < SQLITE:
        return problem(f"SQLite {shown} is too old.", "Use a Python with SQLite 3.35 or newer.")
    return ok(f"SQLite {shown}.")


def sockets(case: Case) -> Finding:
    """The self-check that the server makes at its start."""
    if case.settings.sockets == "asgi":
        return ok("Plain ASGI sockets, as asked for.")
    return judge_sockets(uvloop.run(takeover_fault(case.clock)), case.settings.sockets)


def judge_sockets(fault: str | None, wanted: str) -> Finding:
    made_of = ", ".join(f"{name} {version}" for name, version in versions().items())
    if fault is None:
        return ok(f"Fast sockets work ({made_of}).")
    advice = "Install the versions that Tertulia asks for: `pip install --force-reinstall tertulia`."
    if wanted == "picows":
        return problem(f"Fast sockets do not work here ({made_of}).", advice)
    return warning(f"Fast sockets do not work here, and the server takes the slow ones ({made_of}).", advice)


def open_files(case: Case) -> Finding:
    """The limit of the server that runs, else the one it would get from here."""
    running = limit_of(case.process) if case.process else None
    limit = openfiles.highest_limit() if running is None else running
    return judge_open_files(limit, case.settings.max_connections)


def limit_of(process: str) -> int | None:
    """The open files that a process may have; None if that cannot be seen."""
    try:
        found = re.search(r"^Max open files +(\d+)", Path("/proc", process, "limits").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def judge_open_files(limit: int, wanted: int) -> Finding:
    carried = openfiles.sockets_within(limit)
    raised = max(wanted, 65_536) + openfiles.RESERVED
    advice = f"Raise it: `LimitNOFILE={raised}` in the unit of systemd, or `ulimit -Hn {raised}` before the start."
    if wanted > carried:
        return warning(
            f"{variable('max_connections')} is {wanted:,}, and the limit of open files carries {carried:,}.", advice
        )
    if carried < FEW_SOCKETS:
        return warning(f"The limit of open files carries only {carried:,} sockets.", advice)
    return ok(f"Up to {wanted or carried:,} sockets; the limit of open files carries {carried:,}.")


def user(case: Case) -> Finding:
    """Who runs the server, or would."""
    owner = owner_of(case.process) if case.process else None
    number = os.geteuid() if owner is None else owner
    who = "The server would run" if owner is None else "The server runs"
    if number == 0:
        return warning(
            f"{who} as root, and needs no right of root.",
            "Make it a user (`useradd --system --home-dir /var/lib/tertulia tertulia`), give it the data directory "
            "(`chown -R`), and start the server as that user.",
        )
    return ok(f"{who} as {name_of(number)}.")


def owner_of(process: str) -> int | None:
    try:
        return Path("/proc", process).stat().st_uid
    except OSError:
        return None


def name_of(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def umask(_case: Case) -> Finding:
    mask = os.umask(0o077)
    os.umask(mask)
    return judge_umask(mask)


def judge_umask(mask: int) -> Finding:
    if not mask & 0o002:
        return warning(
            f"New files could be changed by everybody (umask {mask:04o}).", "Set `umask 027` or `UMask=0027`."
        )
    return ok(f"New files cannot be changed by others (umask {mask:04o}).")


CHECKS: Checks = (
    ("python", python),
    ("sqlite", sqlite),
    ("sockets", sockets),
    ("open files", open_files),
    ("user", user),
    ("umask", umask),
)
