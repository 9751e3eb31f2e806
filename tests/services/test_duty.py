"""Of several nodes one has the duty; another one takes over when nothing is heard of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.accounts import new_database
from support.clock import FakeClock
from support.databases import ON_POSTGRESQL, ON_SQLITE
from tertulia.services.duty import LOOK, RENEW, Duty
from tertulia.services.lease import SECONDS
from tertulia.storage.database import Database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = new_database(tmp_path)
    yield database
    database.close()


@ON_SQLITE
async def test_where_nobody_else_writes_it_is_always_held(db: Database) -> None:
    duty = Duty(db, FakeClock(), "sweeping")
    assert duty.is_held
    assert await duty.hold()


@ON_POSTGRESQL
class TestOnSeveralNodes:
    async def test_the_first_has_it_and_keeps_it(self, db: Database) -> None:
        clock = FakeClock()
        one, two = Duty(db, clock, "sweeping"), Duty(db, clock, "sweeping")
        assert not one.is_held
        assert await one.hold()
        for _ in range(60):
            assert not await two.hold()
            clock.advance(LOOK)
            assert await one.hold()

    async def test_who_asks_while_it_is_taken_waits_for_that(self, db: Database) -> None:
        one = Duty(db, FakeClock(), "sweeping")
        assert all(await asyncio.gather(one.hold(), one.hold()))

    async def test_each_duty_is_one_of_its_own(self, db: Database) -> None:
        clock = FakeClock()
        assert await Duty(db, clock, "sweeping").hold()
        assert await Duty(db, clock, "cooking").hold()

    async def test_who_lets_go_leaves_it_to_the_next(self, db: Database) -> None:
        clock = FakeClock()
        one, two = Duty(db, clock, "sweeping"), Duty(db, clock, "sweeping")
        assert await one.hold()
        assert not await two.hold()
        await one.let_go()
        assert not one.is_held
        clock.advance(LOOK)
        assert await two.hold()
        await one.let_go()  # what is not ours any more is left alone
        clock.advance(LOOK)
        assert not await one.hold()  # it is over
        clock.advance(LOOK)
        assert await two.hold()

    async def test_who_lets_go_while_it_renews_leaves_it_too(self, db: Database) -> None:
        clock = FakeClock()
        one, two = Duty(db, clock, "sweeping"), Duty(db, clock, "sweeping")
        assert await one.hold()
        clock.advance(RENEW)
        held, _ = await asyncio.gather(one.hold(), one.let_go())
        assert not held
        assert await two.hold()

    async def test_who_is_not_heard_of_loses_it_first_to_itself_and_then_to_another(self, db: Database) -> None:
        """Rule 31: it was stopped, or its database was away. There is no moment at which both have it."""
        clock = FakeClock()
        one, two = Duty(db, clock, "sweeping"), Duty(db, clock, "sweeping")
        assert await one.hold()
        clock.advance(0.5)  # the other one sees the sign later than it was made
        seconds = 0.5
        while not await two.hold():
            clock.advance(0.25)
            seconds += 0.25
            assert seconds < 2 * SECONDS
        assert seconds >= SECONDS
        assert not one.is_held
        assert not await one.hold()
        assert two.is_held

    async def test_a_sign_that_was_left_during_a_slow_look_is_not_older_than_it_is(
        self, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rule 31: nobody takes over while the other one still has it."""
        clock, read = FakeClock(), db.read
        one, two = Duty(db, clock, "sweeping"), Duty(db, clock, "sweeping")

        async def slowly(*args: Any) -> Any:
            monkeypatch.undo()
            clock.advance(SECONDS - LOOK)
            assert await one.hold()
            return await read(*args)

        monkeypatch.setattr(db, "read", slowly)
        assert not await two.hold()
        clock.advance(LOOK)
        assert not await two.hold()
        assert one.is_held
        clock.advance(SECONDS - LOOK)
        assert not one.is_held
        assert await two.hold()

    async def test_of_those_who_take_over_at_once_one_has_it(self, db: Database) -> None:
        clock = FakeClock()
        gone, *others = (Duty(db, clock, "sweeping") for _ in range(4))
        assert await gone.hold()
        for each in others:
            assert not await each.hold()
        clock.advance(SECONDS)
        assert sorted([await each.hold() for each in others]) == [False, False, True]
