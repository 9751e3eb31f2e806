"""The word list: the one place that says whether a text may be said. Every service through which texts come in asks."""

from collections.abc import Callable

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.words import MAX_INSIDE, MAX_WORDS, Action, Word, WordList, check_word, fold, is_inside
from tertulia.storage import audit, reports, words
from tertulia.storage.database import Database


class Words:
    """The list is held in memory: `load` it first, and `catch_up` when another process wrote to the database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._list = WordList({})
        self._version: str | None = None
        self._on_changed: list[Callable[[], None]] = []

    # Asking

    def check(self, *texts: str | None) -> bool:
        """Whether any of the texts is to be reported; raises `words_refused`, which never repeats the word.

        Without the database, and fast: 16,384 characters are looked through in about a millisecond.
        """
        found = [self._list.find(text) for text in texts if text]
        if Action.REFUSE in found:
            raise Rejection("words_refused", "This has a word that is not wanted here. Say it in other words.")
        return Action.REPORT in found

    def refusal(self, text: str) -> tuple[Rejection | None, bool]:
        """What `check` raises, or None; and what it answers."""
        if not self._list:
            return None, False
        try:
            return None, self.check(text)
        except Rejection as rejection:
            return rejection, False

    def allows(self, text: str) -> bool:
        """Whether `check` lets it through. For what is left out rather than refused: names from foreign tokens."""
        return self._list.find(text) is not Action.REFUSE

    async def report(
        self, *texts: str | None, user: int | None = None, room: int | None = None, room_id: str | None = None
    ) -> None:
        """Tell the staff of texts that were flagged and are stored by now; messages are told of by the committer."""
        await self._db.write(self.report_within, texts, user, room, room_id)

    def report_within(
        self,
        connection: Connection,
        texts: tuple[str | None, ...],
        user: int | None = None,
        room: int | None = None,
        room_id: str | None = None,
    ) -> None:
        """`report`, within a transaction."""
        body = "\n".join(text for text in texts if text)
        at = self._clock.now()
        reports.add(connection, at=at, reporter=None, user=user, room=room, room_id=room_id, body=body)

    # The list

    async def load(self) -> None:
        """Read the list."""
        self._version, found = await self._db.read(_all)
        self._list = WordList(found)

    async def catch_up(self) -> None:
        """Read the list again, if it changed."""
        if await self._db.read(words.version) != self._version:
            await self.load()

    async def page(self, after: str, limit: int) -> tuple[list[Word], bool]:
        """Words behind `after` in their order, and whether there are more."""
        found = await self._db.read(words.page, after, limit + 1)
        return found[:limit], len(found) > limit

    async def put(self, actor: int | None, word: str, action: Action, via: str = "user") -> Word:
        """Add a word, or change its action; raises `invalid` or `too_many`. `actor` None: the command line."""
        new = Word(check_word(word), action, actor, self._clock.now())
        stored = await self._db.write(_put, new, via)
        await self._changed()
        return stored

    async def remove(self, actor: int | None, word: str, via: str = "user") -> None:
        """Take a word off the list; raises `not_found`."""
        await self._db.write(_remove, fold(word).strip(), actor, via, self._clock.now())
        await self._changed()

    def on_changed(self, callback: Callable[[], None]) -> None:
        """`callback()` is called when the list was changed here."""
        self._on_changed.append(callback)

    async def _changed(self) -> None:
        for callback in self._on_changed:
            callback()
        await self.load()


def _all(connection: Connection) -> tuple[str | None, dict[str, Action]]:
    return words.version(connection), words.all_of(connection)


def _put(connection: Connection, new: Word, via: str) -> Word:
    there = words.one(connection, new.word)
    if there is not None and there.action is new.action:
        return there
    if there is None:
        _check_room(connection, new.word)
    words.put(connection, new)
    details = {"word": new.word, "action": new.action.value}
    audit.record(connection, at=new.created_at, actor=new.by, via=via, act="word", details=details)
    return new


def _check_room(connection: Connection, word: str) -> None:
    every, inside = words.count(connection)
    if every >= MAX_WORDS:
        raise Rejection("too_many", f"The list holds at most {MAX_WORDS:,} words. Remove some first.")
    if is_inside(word) and inside >= MAX_INSIDE:
        raise Rejection("too_many", f"The list holds at most {MAX_INSIDE:,} words with a * at both ends.")


def _remove(connection: Connection, word: str, actor: int | None, via: str, at: int) -> None:
    if not words.remove(connection, word):
        raise not_found("word")
    audit.record(connection, at=at, actor=actor, via=via, act="remove_word", details={"word": word})
