"""`tertulia demo`: people, rooms and some days of talk. Works beside a running server, which sees it happen.

Only the database and the committer are at work here: no node starts, nobody is signed in, and no limit of how fast
people may post applies.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from tertulia.cli.options import address_of, chat_command, pasteable
from tertulia.cli.talk import ANYWHERE, DIRECT, PEOPLE, PLACES, Line, Place, Talk
from tertulia.cli.tries import tries
from tertulia.cli.users import prepare, prepare_or_make, say_new
from tertulia.clock import SystemClock
from tertulia.committer.committer import Committer
from tertulia.datadir import DataDirError, open_data_dir
from tertulia.domain.changes import AddMember, Change, CreateRoom, Join, Leave, Outcome, Post, React
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import Room, RoomKind, User
from tertulia.domain.times import DAY
from tertulia.metrics import Metrics
from tertulia.refusal import Refusal
from tertulia.services.passwords import Passwords
from tertulia.settings import Loaded
from tertulia.storage import demo as rows
from tertulia.storage import members as member_rows
from tertulia.storage import rooms as room_rows
from tertulia.storage.accounts import NewUser
from tertulia.storage.database import Database

DAYS = 5
"""So long ago the talk began."""


class PastClock(SystemClock):
    """Stands still at `at`, so that the talk of some days can be told in a second."""

    def __init__(self) -> None:
        self.at = self.start = super().now() - DAYS * DAY

    def now(self) -> int:
        return self.at

    def move(self, done: int, of: int) -> None:
        """To where `done` of `of` messages were said."""
        self.at = self.start + DAYS * DAY * done // of


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the demo is made with."""

    database: Database
    committer: Committer
    clock: PastClock

    async def commit(self, changes: Sequence[Change]) -> list[Outcome]:
        """All at once, in their order; raises if one is refused."""
        return await asyncio.gather(*(self.committer.commit(change) for change in changes))


@dataclass(frozen=True, slots=True)
class Stage:
    """A room with the people who talk in it, by their place in `PEOPLE`, and what they say."""

    room: Room
    talk: Talk
    share: int


def demo(loaded: Loaded, messages: int, *, force: bool) -> None:
    """Make it, and print who can sign in."""
    is_new = prepare_or_make(loaded)
    console = Console(highlight=False)
    with Progress(console=console, transient=True) as progress:
        people = asyncio.run(_make(loaded, messages, progress, force=force))
    table = Table("Name", "Username", "Password")
    for user, password in people:
        table.add_row(user.name, user.username, password)
    console.print(table)
    console.print(f"Sign in as one of them: {chat_command(address_of(loaded))}", markup=False, soft_wrap=True)
    _say_dialects(console, loaded, people)
    console.print(f"Take it all away again: {pasteable(loaded, 'demo', '--remove')}", markup=False, soft_wrap=True)
    if is_new:
        say_new(loaded)


def _say_dialects(console: Console, loaded: Loaded, people: list[tuple[User, str]]) -> None:
    (somebody, password), (partner, _) = people[:2]
    console.print("\nThe APIs of other backends, two lines each to try in a shell:", markup=False)
    if not loaded.settings.dialects:
        command = pasteable(loaded, "serve", "--dialects", "all")
        console.print(f"  (first start the server with them: {command})", markup=False, soft_wrap=True)
    for name, lines in tries(address_of(loaded), somebody, password, partner, PLACES[0].name):
        console.print(f"  {name}", style="bold")
        for line in lines:
            console.print(f"    {line}", markup=False, soft_wrap=True)
    console.print()


async def _make(loaded: Loaded, messages: int, progress: Progress, *, force: bool) -> list[tuple[User, str]]:
    async with _workshop(loaded.settings.database_url) as workshop:
        await _refuse(workshop, loaded, force=force)
        bar = progress.add_task("People", total=len(PEOPLE))
        people = await _people(workshop, progress, bar)
        progress.update(bar, description="Rooms")
        stages = await _rooms(workshop, [user for user, _ in people])
        progress.update(bar, description="Messages", completed=0, total=messages)
        await _talk(workshop, [user for user, _ in people], stages, messages, progress, bar)
        return people


async def _refuse(workshop: Workshop, loaded: Loaded, *, force: bool) -> None:
    real, playing = await workshop.database.read(rows.counts)
    if playing:
        raise Refusal(f"There is a demo already: run `{pasteable(loaded, 'demo', '--remove')}` first.")
    if real and not force:
        command = pasteable(loaded, "demo", "--force")
        raise Refusal(f"Real people have accounts here ({real}): to make a demo beside them, run `{command}`.")


async def _people(workshop: Workshop, progress: Progress, bar: TaskID) -> list[tuple[User, str]]:
    """Accounts with random passwords."""
    taken = await workshop.database.read(rows.usernames_taken, [name for name, _, _ in PEOPLE])
    passwords = Passwords()
    made = []
    for name, first, last in PEOPLE:
        username = f"{name}-{secrets.token_hex(2)}" if name in taken else name
        password = secrets.token_urlsafe(12)
        async with passwords.turn():
            hashed = await passwords.choose(password, {"username": username})
        address = f"{username}@demo.example"
        now = workshop.clock.now()
        new = NewUser(new_id(), username, hashed, now, address, address, first_name=first, last_name=last)
        made.append((await workshop.database.write(rows.create_person, new), password))
        progress.advance(bar)
    passwords.close()
    return made


async def _rooms(workshop: Workshop, people: list[User]) -> list[Stage]:
    stages = [await _open(workshop, place, people) for place in PLACES]
    for one, other in DIRECT:
        first, second = people[one], people[other]
        (outcome,) = await workshop.commit([CreateRoom(first.number, RoomKind.DIRECT, partner=second.number)])
        stages.append(_stage(outcome, (one, other), people, ANYWHERE, 1))
    await workshop.database.write(rows.mark_rooms, [stage.room.number for stage in stages])
    return stages


async def _open(workshop: Workshop, place: Place, people: list[User]) -> Stage:
    """A room, owned by the first of its people, with the others in it."""
    taken = await workshop.database.read(room_rows.taken, [place.name])
    name = f"{place.name}-{secrets.token_hex(2)}" if taken else place.name
    owner, *others = (people[index].number for index in place.people)
    kind = RoomKind.PUBLIC if place.is_public else RoomKind.PRIVATE
    (outcome,) = await workshop.commit([CreateRoom(owner, kind, name, place.title, place.description)])
    assert outcome.room is not None
    number = outcome.room.number
    await workshop.commit(
        [Join(number, other) if place.is_public else AddMember(number, owner, other) for other in others]
    )
    return _stage(outcome, place.people, people, place.lines, place.share)


def _stage(outcome: Outcome, who: tuple[int, ...], people: list[User], lines: tuple[str, ...], share: int) -> Stage:
    assert outcome.room is not None
    names = tuple(user.username for user in people)
    seed = outcome.room.name or "-".join(map(str, who))
    return Stage(outcome.room, Talk(who, names, lines, seed), share)


async def _talk(
    workshop: Workshop, people: list[User], stages: list[Stage], messages: int, progress: Progress, bar: TaskID
) -> None:
    """Everybody talks everywhere, in proportion, from some days ago until now."""
    turns = [(stage, iter(stage.talk)) for stage in stages]
    said = 0
    while said < messages:
        changes: list[Change] = []
        for stage, lines in turns:
            for _ in range(min(stage.share, messages - said)):
                changes += _changes(stage.room.number, next(lines), people)
                said += 1
        await workshop.commit(changes)
        workshop.clock.move(said, messages)
        progress.update(bar, completed=said)
    read = [
        (stage.room.number, people[who].number, max(0, stage.talk.said - unread))
        for stage in stages
        for unread, who in enumerate(stage.talk.people)
    ]
    await workshop.database.write(member_rows.save_reads, read)


def _changes(room: int, line: Line, people: list[User]) -> list[Change]:
    speaker = people[line.speaker].number
    reaction: list[Change] = [React(room, speaker, line.emoji_on, line.emoji, on=True)] if line.emoji_on else []
    return [*reaction, Post(room, speaker, line.body, reply_to=line.reply_to)]


def remove_demo(loaded: Loaded) -> None:
    """Its rooms go with all that was said in them; what its people said elsewhere stays, without their names."""
    prepare(loaded)
    people, rooms = asyncio.run(_remove(loaded))
    Console(highlight=False).print(
        f"Removed {people} people and {rooms} rooms." if people or rooms else "There is no demo here."
    )


async def _remove(loaded: Loaded) -> tuple[int, int]:
    async with _workshop(loaded.settings.database_url) as workshop:
        database, now = workshop.database, SystemClock().now()
        workshop.clock.at = now
        for room, user in await database.read(rows.guests):
            with suppress(Rejection):  # gone meanwhile
                await workshop.committer.commit(Leave(room, user))
        rooms = await database.write(rows.delete_rooms, now)
        people = await database.write(rows.retire_people, now)
        while await database.write(room_rows.purge_slice):
            pass
        with suppress(DataDirError), open_data_dir(loaded.settings.data_dir).lock():  # no server runs here
            await database.write(rows.forget_people)
        return people, rooms


@asynccontextmanager
async def _workshop(url: str) -> AsyncIterator[Workshop]:
    database, clock = Database(url), PastClock()
    committer = Committer(database.writer, clock, Metrics(), deliver=lambda batches: None)
    try:
        yield Workshop(database, committer, clock)
    finally:
        await committer.close()
        database.close()
