"""Copies of a SQLite database, and how one of them takes its place again.

A copy is made by one statement that reads one state of the database, however much is written meanwhile; the online
backup of SQLite begins anew with every write of another process, and so might never end.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DatabaseError

from tertulia.domain.errors import Rejection
from tertulia.domain.times import SECOND
from tertulia.refusal import Refusal
from tertulia.storage import audit, boots, erasure, schema, users
from tertulia.storage.database import open_engine, sqlite_url
from tertulia.storage.tables import departed

VIA = "command line"


class BackupError(Refusal):
    """One sentence about why there is no copy, or why it does not take the place, and what helps."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside`: where the database is that was there, if one was.

    `erased`: how many accounts were deleted again that had been deleted since; None: nobody can tell any more.
    `kept`: how many of them could not be, each being the last one of the staff.
    """

    aside: Path | None
    erased: int | None
    kept: int


@dataclass(frozen=True, slots=True)
class _Gone:
    """Who had deleted their account by now (`erasure.deleted`), and rows of `departed`."""

    users: dict[str, bool]
    departed: list[dict[str, object]]


def copy(url: str, target: Path) -> int:
    """A consistent copy of a database that may be in use; its size in bytes.

    It is complete and on the disk when it appears under its name. Raises `BackupError`.
    """
    if os.path.lexists(target):
        raise BackupError(f"{target} is there already: choose another name, or move it away.")
    draft = target.with_name(f"{target.name}.partial")
    with _sentence(target), _draft(draft):
        os.close(_new(draft))
        _copy_into(url, draft)
        _sync(draft)
        draft.rename(target)
        _sync(target.parent)
        return target.stat().st_size


def _copy_into(url: str, draft: Path) -> None:
    engine = open_engine(url, write=False)
    try:
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.execute("VACUUM INTO ?", (str(draft),))  # outside any transaction, where SQLAlchemy has none
    finally:
        engine.dispose()


def restore(url: str, source: Path, now: int) -> Restored:
    """Put a copy in the place of the database, which is kept beside it. No server may run on it.

    The copy is looked through first, brought to the schema of this code, and made another history: see
    `boots.begin_anew`. Who deleted their account since is deleted again. Until the last step, which is one rename,
    the database is what it was. Raises `BackupError`.
    """
    file = schema.database_file(url)
    draft = file.with_name(f"{file.name}.restoring")
    with _sentence(file), _draft(draft):
        gone = _gone(url)
        _take(source, draft)
        erased, kept = _begin(sqlite_url(draft), gone, now)
        _sync(draft)
        aside = _put_aside(url, now)
        draft.replace(file)
        _sync(file.parent)
        return Restored(aside, erased, kept)


def _take(source: Path, draft: Path) -> None:
    """A copy of the copy, for this user alone, if it is sound."""
    if not source.is_file():
        raise BackupError(f"There is no backup at {source}: give the path of a file that `tertulia backup` made.")
    with os.fdopen(_new(draft), "wb") as here, source.open("rb") as there:
        shutil.copyfileobj(there, here, 1 << 20)
    try:
        state, fault = _look_through(sqlite_url(draft))
    except DatabaseError as error:
        raise BackupError(f"{source} is not a sound database ({error.orig}): take another backup.") from None
    if fault != "ok":
        raise BackupError(f"{source} is damaged ({fault}): take another backup.")
    _check_state(source, state)


def _look_through(url: str) -> tuple[schema.State, str]:
    """What it is, and the first fault that SQLite finds in it, or `ok`."""
    engine = open_engine(url, write=False)
    try:
        with engine.connect() as connection:
            return schema.state_in(connection), str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
    finally:
        engine.dispose()


def _check_state(source: Path, state: schema.State) -> None:
    if state in {schema.State.NEWER, schema.State.AHEAD}:
        raise BackupError(f"{source} was made by a newer version of Tertulia: restore it with that one or a later one.")
    if state not in {schema.State.CURRENT, schema.State.OLDER}:
        raise BackupError(f"{source} is no database of Tertulia: give the path of a file that `tertulia backup` made.")


def _begin(url: str, gone: _Gone | None, now: int) -> tuple[int | None, int]:
    """Make the copy the beginning of another history. How many were deleted again, and how many could not be."""
    schema.migrate(url)
    engine = open_engine(url, write=True)
    try:
        with engine.begin() as connection:
            boots.begin_anew(connection)
            erased, kept = _erase_again(connection, gone, now)
            audit.record(connection, at=now, actor=None, via=VIA, act="restore", details={"deleted_again": erased})
        return (None if gone is None else erased), kept
    finally:
        engine.dispose()


def begin_anew(url: str, now: int) -> None:
    """Make a database of either kind another history, in its place. No server may run on it."""
    engine = open_engine(url, write=True)
    try:
        with engine.begin() as connection:
            boots.begin_anew(connection)
            audit.record(connection, at=now, actor=None, via=VIA, act="new_epoch")
    finally:
        engine.dispose()


def _gone(url: str) -> _Gone | None:
    """What the present database knows of deleted accounts; None if it cannot say: missing, older, broken."""
    if not schema.database_file(url).exists():
        return None
    engine = open_engine(url, write=False)
    try:
        with engine.connect() as connection, connection.begin():
            rows = [dict(row) for row in connection.execute(select(departed)).mappings()]
            return _Gone(erasure.deleted(connection), rows)
    except DatabaseError:
        return None
    finally:
        engine.dispose()


def _erase_again(connection: Connection, gone: _Gone | None, now: int) -> tuple[int, int]:
    if gone is None:
        return 0, 0
    erased = kept = 0
    there = erasure.deleted(connection)
    for id_, talks in gone.users.items():
        user = users.by_id(connection, id_)
        if user is None or (id_ in there and (talks or not there[id_])):
            continue
        try:
            erasure.delete_account(connection, user, now, blank=not talks)
            erased += 1
        except Rejection:
            kept += 1
    known = set(connection.scalars(select(departed.c.external_hash)))
    new = [row for row in gone.departed if row["external_hash"] not in known]
    if new:
        connection.execute(insert(departed), new)
    return erased, kept


def _put_aside(url: str, now: int) -> Path | None:
    """A second name for the database that is there, if there is one; what SQLite keeps beside it goes along."""
    file = schema.database_file(url)
    if not file.exists():
        return None
    stamp = datetime.fromtimestamp(now / SECOND, UTC).strftime("%Y%m%d-%H%M%S")
    aside = file.with_name(f"{file.name}.before-{stamp}")
    aside.hardlink_to(file)
    for end in ("-wal", "-shm"):  # usually gone: the last one who closes a database takes its log in
        with suppress(FileNotFoundError):
            file.with_name(file.name + end).rename(aside.with_name(aside.name + end))
    return aside


@contextmanager
def _draft(draft: Path) -> Iterator[None]:
    """Nothing of a draft is there before and after; one that a crash left behind goes."""
    beside = [draft.with_name(draft.name + end) for end in ("", "-wal", "-shm", "-journal", ".migrating")]
    for path in beside:
        path.unlink(missing_ok=True)
    try:
        yield
    finally:
        for path in beside:
            path.unlink(missing_ok=True)


def _new(draft: Path) -> int:
    """For its owner alone, from its beginning."""
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _sync(path: Path) -> None:
    """To the disk: a file, or the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, DatabaseError) as error:
        reason: object = error.orig if isinstance(error, DatabaseError) else error
        raise BackupError(f"{path} was not written ({reason}).") from None
    except OSError as error:
        reason = (error.strerror or "it failed").lower()
        raise BackupError(f"{path} cannot be written ({reason}): free some space, or choose another place.") from None
