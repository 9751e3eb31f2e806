"""The database: does it fit this version, is it whole, who has it open?"""

import os
from collections.abc import Iterator
from pathlib import Path

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, sentences, warning
from tertulia.cli.options import pasteable
from tertulia.cli.users import no_database
from tertulia.storage import inspection
from tertulia.storage.inspection import Integrity, Unreadable
from tertulia.storage.schema import State

CHECK_SECONDS = 10.0
"""For the check of the whole file."""

_RESTORE = (
    "Stop the server, put a copy of the file aside, and restore the newest backup; without one, "
    "`sqlite3 {file} .recover` saves what can be read."
)


def schema(case: Case) -> Finding:
    """Whether this version can work with it."""
    try:
        state = inspection.state(case.settings.database_url)
    except Unreadable as error:
        return problem(f"{case.database} cannot be read ({error}).", _RESTORE.format(file=case.database))
    if state is State.OLDER:
        return warning(
            f"{case.database} has an older schema.",
            f"Make a backup, then run `{pasteable(case.loaded, 'migrate')}` or start the server.",
        )
    return _state(case, state)


def _state(case: Case, state: State) -> Finding:
    if state is State.NEWER:
        return problem(
            f"{case.database} was made by a newer version of Tertulia.", "Run that version, or restore a backup."
        )
    if state is State.AHEAD:
        return warning(
            f"{case.database} has the schema of a newer version, on which this one still runs.",
            "Take the newer one soon.",
        )
    if state is State.FOREIGN:
        return problem(f"{case.database} belongs to another program.", "Choose another one with TERTULIA_DATABASE_URL.")
    if state is State.EMPTY:
        return warning(*sentences(no_database(case.loaded)))
    return ok(f"{case.database} has the schema of this version.")


def journal(case: Case) -> Finding | None:
    if not _is_ours(case):
        return None
    mode = inspection.journal_mode(case.settings.database_url)
    if mode == "wal":
        return ok("The database writes ahead (WAL).")
    return warning(f"The database is in the mode `{mode}`.", "Start the server: it sets WAL.")


def integrity(case: Case) -> Finding | None:
    if not _is_ours(case):
        return None
    try:
        found = inspection.integrity(case.settings.database_url, CHECK_SECONDS)
    except Unreadable as error:
        return problem(f"The database is damaged ({error}).", _RESTORE.format(file=case.database))
    return judge_integrity(found, case.database)


def judge_integrity(found: Integrity, file: Path) -> Finding:
    if found.faults:
        return problem(f"The database is damaged ({'; '.join(found.faults)}).", _RESTORE.format(file=file))
    if found.orphans:
        return problem(
            f"{found.orphans:,} rows belong to others that are gone.",
            "Something else wrote to the database: restore a backup, or report it.",
        )
    if not found.finished:
        return ok(
            f"No fault in the database in {CHECK_SECONDS:g} seconds, which did not reach its end.",
            f"`sqlite3 {file} 'PRAGMA quick_check'` looks at the rest.",
        )
    return ok("The database is whole, and its foreign keys hold.")


def others(case: Case) -> Finding | None:
    """A second server on one database, started with another data directory, would not be kept out by the lock."""
    if not case.database.exists() or not Path("/proc/self/fd").exists():
        return None
    found = [process for process in holders(case.database) if process not in {case.process, str(os.getpid())}]
    if not found:
        return ok("No other program has the database open.")
    named = ", ".join(f"{name_of(process)} (process {process})" for process in found)
    return warning(
        f"Other programs have the database open: {named}.",
        "Only one server may run on a database: stop what is one; the rest may only read, and shortly.",
    )


def holders(file: Path) -> Iterator[str]:
    """The processes that have `file` open, as far as this user may see."""
    wanted = str(file.resolve())
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and wanted in _opened(process):
            yield process.name


def _opened(process: Path) -> set[str]:
    try:
        return {_target(link) for link in (process / "fd").iterdir()}
    except OSError:  # another user's, or gone
        return set()


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed in the meantime
        return ""


def name_of(process: str) -> str:
    try:
        return Path("/proc", process, "comm").read_text().strip()
    except OSError:
        return "a program"


def _is_ours(case: Case) -> bool:
    try:
        return inspection.state(case.settings.database_url) in {State.CURRENT, State.OLDER, State.AHEAD}
    except Unreadable:
        return False


CHECKS: Checks = (("database", schema), ("journal", journal), ("integrity", integrity), ("other programs", others))
