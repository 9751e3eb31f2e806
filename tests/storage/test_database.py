"""Engines, readers, and what the settings of SQLite promise."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from support.cut import line_to
from support.databases import ON_POSTGRESQL, ON_SQLITE
from support.heart import Gate, RestlessClock, prepare
from tertulia.domain.errors import Rejection
from tertulia.storage import boots
from tertulia.storage import database as module
from tertulia.storage.database import Database, is_outage, open_engine
from tertulia.storage.engines import postgresql, take_time

SECRET = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(prepare(tmp_path))
    yield made
    await asyncio.to_thread(made.close)


def one(connection: Connection, sql: str) -> object:
    return connection.scalar(text(sql))


@ON_SQLITE
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("fullfsync", 1)]
)
@pytest.mark.parametrize("write", [False, True])
async def test_acknowledged_means_stored_through_a_power_cut(
    database: Database, pragma: str, value: object, write: bool
) -> None:
    """Promise 1: WAL with synchronous=FULL, on every connection."""
    ask = database.write if write else database.read
    assert await ask(one, f"PRAGMA {pragma}") == value


async def test_a_read_sees_one_state(database: Database) -> None:
    """Each read is one transaction: what is committed meanwhile is not seen by its later statements."""
    loop = asyncio.get_running_loop()
    reached, gate = asyncio.Event(), Gate()

    def read(connection: Connection) -> list[object]:
        first = one(connection, "SELECT count(*) FROM boots")
        loop.call_soon_threadsafe(reached.set)
        gate.wait()
        return [first, one(connection, "SELECT count(*) FROM boots")]

    reading = loop.create_task(database.read(read))
    await reached.wait()
    await database.write(_add_boot, SECRET)
    gate.open()
    assert await reading == [0, 0]
    assert await database.read(one, "SELECT count(*) FROM boots") == 1


async def test_a_read_that_fails_raises_and_the_next_works(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.read(one, "SELECT nonsense")
    assert await database.read(one, "SELECT 1") == 1


async def test_reads_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue is `busy`; when it has emptied, reads go on."""
    monkeypatch.setattr(module, "READS_WAITING", 6)
    loop, gate = asyncio.get_running_loop(), Gate()
    reading = [loop.create_task(database.read(lambda _connection: gate.wait())) for _ in range(6)]
    while database.reads_waiting < 6:
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
    with pytest.raises(Rejection) as refused:
        await database.read(one, "SELECT 1")
    assert (refused.value.code, refused.value.retry_after) == ("busy", 1)
    gate.open()
    await asyncio.gather(*reading)
    assert await database.read(one, "SELECT 1") == 1


async def test_a_read_is_waited_for_so_long(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, gate = asyncio.get_running_loop(), Gate()
    reading = [loop.create_task(database.read(lambda _connection: gate.wait())) for _ in range(4)]
    while database.reads_waiting < 4:
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
    monkeypatch.setattr(module, "PATIENCE", 0)
    with pytest.raises(Rejection) as refused:
        await database.read(one, "SELECT 1")
    assert (refused.value.code, refused.value.retry_after) == ("unavailable", 2)
    gate.open()
    await asyncio.gather(*reading)


async def test_errors_never_carry_what_people_wrote(database: Database) -> None:
    """Rule 36: statement parameters stay out of error texts, and so out of logs."""
    await database.write(_add_boot, SECRET)
    with pytest.raises(IntegrityError) as failed:
        await database.write(_add_boot, SECRET)
    assert SECRET not in str(failed.value)
    assert SECRET not in str(failed.value.orig)


@ON_POSTGRESQL
async def test_a_read_whose_connection_was_ended_is_done_again(database: Database) -> None:
    for _ in range(6):
        assert await database.read(one, "SELECT 1") == 1
        await database.write(
            one, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )  # fmt: skip


@ON_POSTGRESQL
async def test_a_database_that_is_gone_is_asked_for_a_while_then_unavailable(tmp_path: Path) -> None:
    clock = RestlessClock()
    with line_to(prepare(tmp_path)) as line:
        database = Database(line.url, clock)
        assert await database.read(one, "SELECT 1") == 1
        line.close()
        with pytest.raises(Rejection) as refused:
            await database.read(one, "SELECT 1")
        assert (refused.value.code, refused.value.retry_after) == ("unavailable", 2)
        assert 5 <= clock.monotonic() < 6
        await asyncio.to_thread(database.close)


@ON_POSTGRESQL
async def test_a_database_that_says_nothing_holds_no_reader_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines are given up and others tried; once it answers, so do we."""
    with line_to(prepare(tmp_path)) as line:
        database = Database(line.url, RestlessClock())
        probes = [database.probe() for _ in range(8)]
        await asyncio.gather(*probes)
        monkeypatch.setattr(postgresql.Line, "silence", 0.4)
        line.fall_silent()
        assert await asyncio.gather(*(database.read(one, "SELECT 1") for _ in range(8))) == [1] * 8
        line.fall_silent()
        line.refuses = True
        for refused in await asyncio.gather(
            *(database.read(one, "SELECT 1") for _ in range(8)), return_exceptions=True
        ):
            assert isinstance(refused, Rejection)
            assert (refused.code, refused.retry_after) == ("unavailable", 2)
        line.refuses = False
        assert await database.read(one, "SELECT 1") == 1
        await asyncio.to_thread(database.close)


@ON_POSTGRESQL
async def test_what_takes_its_time_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(prepare(tmp_path))

    def work(connection: Connection) -> None:
        take_time(connection)
        connection.execute(text("SELECT pg_sleep(0.7)"))

    await database.write(one, "SELECT 1")
    monkeypatch.setattr(postgresql.Line, "silence", 0.4)
    await database.write(work)
    await asyncio.to_thread(database.close)


@ON_POSTGRESQL
async def test_its_history_is_the_server_s(database: Database) -> None:
    """Rule 15: the cluster and its timeline are part of the epoch."""
    epoch = await database.write(boots.epoch)
    there = await database.read(one, "SELECT system_identifier FROM pg_control_system()")
    assert epoch.endswith(f"@{there}-1")
    assert await database.read(boots.epoch) == epoch


def test_other_databases_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="SQLite or PostgreSQL; mysql is not"):
        open_engine("mysql://localhost/chat", write=True)


@pytest.mark.parametrize(
    ("code", "outage"),
    [
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_IOERR_FSYNC, True),
        (sqlite3.SQLITE_READONLY_DBMOVED, True),
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_TOOBIG, False),
        (None, True),
    ],
)
def test_an_outage_is_told_from_a_bad_statement(code: int | None, outage: bool) -> None:
    """Rule 4: the first refuses the whole batch, the second is somebody's own fault and bisects it."""
    cause = sqlite3.OperationalError("x")
    if code is not None:
        cause.sqlite_errorcode = code
    assert is_outage(OperationalError("INSERT", None, cause)) is outage
    assert not is_outage(IntegrityError("INSERT", None, sqlite3.IntegrityError("x")))
    assert not is_outage(KeyError(1))
    assert not is_outage(None)


def _add_boot(connection: Connection, boot: str) -> None:
    connection.execute(text("INSERT INTO boots (id, started_at) VALUES (:id, 1)"), {"id": boot})
