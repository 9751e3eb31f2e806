"""Words that are not wanted: how they are written down, and found in a text.

A word is found where it stands alone, in any case and in every Unicode form that looks the same. `word*` is the
beginning of one, `*word` the end, and `*word*` any part of the text, of more than one word if need be.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tertulia.domain.errors import Rejection

MAX_WORD = 64
"""Characters, stars and all, folded."""
MAX_WORDS = 5_000
MAX_INSIDE = 500
"""Of these, those with a star at both ends: they cannot be looked up, so that each costs something."""
KEY = 4
"""Characters by which beginnings and parts are looked up."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0]+"
)


class Action(StrEnum):
    """What becomes of a text with the word: it is refused, or goes through and is reported to the staff."""

    REFUSE = "refuse"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Word:
    """`word` is folded; `by`: the number of who added it; None: the command line."""

    word: str
    action: Action
    by: int | None
    created_at: int


def fold(text: str) -> str:
    """The form in which texts that look alike are equal: without case, compatibility forms and what nobody sees."""
    if text.isascii():
        return text.lower()
    text = text.replace("\ufdfa", " ").replace("\ufdfb", " ")  # one would become 18 and 8: a text must not swell
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFKC", visible.casefold())


def check_word(word: str) -> str:
    """A word as it is stored: folded. Raises `invalid`."""
    folded = fold(word).strip()
    bare = folded.strip("*")
    if not bare or len(folded) > MAX_WORD or not folded.isprintable() or "**" in folded:
        raise _bad(f"A word has 1 to {MAX_WORD} characters that can be seen, and may begin or end with one *.")
    if "*" in bare:
        raise _bad("A * stands only at the beginning or at the end of a word.")
    if folded != bare and len(bare) < 2:
        raise _bad("Write at least two characters beside a *.")
    if not is_inside(folded) and _words(bare) != [bare]:
        raise _bad("This is not one word of letters and digits: write it as *…* to find it anywhere in a text.")
    return folded


def _bad(message: str) -> Rejection:
    return Rejection("invalid", message, field="word")


def is_inside(word: str) -> bool:
    """Whether a folded word has a star at both ends."""
    return len(word) > 1 and word.startswith("*") and word.endswith("*")


class WordList:
    """Folded words, made ready to be found: a text costs the same however many there are, but for `MAX_INSIDE`."""

    def __init__(self, words: Mapping[str, Action]) -> None:
        self._actions = dict(words)
        _any_script()  # made now, not when somebody waits for an answer
        inside = [word for word in words if is_inside(word)]
        others = words.keys() - set(inside)
        self._whole = frozenset(word for word in others if "*" not in word)
        self._beginnings = _Beginnings(word[:-1] for word in others if word.endswith("*"))
        self._endings = _Beginnings(word[:0:-1] for word in others if word.startswith("*"))
        self._parts = _Parts(word[1:-1] for word in inside)

    def __bool__(self) -> bool:
        return bool(self._actions)

    def find(self, text: str) -> Action | None:
        """What is to become of a text; None: it has none of the words."""
        if not self._actions or not text:
            return None
        found = {self._actions[word] for word in self._found(fold(text))}
        return None if not found else Action.REFUSE if Action.REFUSE in found else Action.REPORT

    def _found(self, text: str) -> Iterator[str]:
        words = set(_words(text))
        yield from self._whole & words
        yield from (f"{word}*" for word in self._beginnings.of(words))
        yield from (f"*{word}*" for word in self._parts.of(text))
        if self._endings:
            yield from (f"*{word[::-1]}" for word in self._endings.of({word[::-1] for word in words}))


class _Beginnings:
    """Beginnings of words, by their own first characters: `KEY` of them, or as many as there are."""

    def __init__(self, beginnings: Iterable[str]) -> None:
        self._by_length: dict[int, dict[str, list[str]]] = {}
        for beginning in beginnings:
            key = beginning[:KEY]
            self._by_length.setdefault(len(key), {}).setdefault(key, []).append(beginning)

    def __bool__(self) -> bool:
        return bool(self._by_length)

    def of(self, words: set[str]) -> Iterator[str]:
        """Those with which one of the words begins."""
        for length, by_key in self._by_length.items():
            if not by_key.keys().isdisjoint({word[:length] for word in words}):
                for word in words:
                    yield from filter(word.startswith, by_key.get(word[:length], ()))


class _Parts:
    """Parts of texts. In a long text it is first looked up which of them can be there, by their first characters."""

    def __init__(self, parts: Iterable[str]) -> None:
        self._all = list(parts)
        self._by_units: dict[int, dict[int, list[str]]] = {}
        for part in self._all:
            units = KEY if len(_utf16(part)) >= 2 * KEY else 2
            [key] = _grams(_utf16(part)[: 2 * units], units)
            self._by_units.setdefault(units, {}).setdefault(key, []).append(part)

    def of(self, text: str) -> Iterator[str]:
        likely = self._all if len(text) < 1_000 else self._likely(text)
        return (part for part in likely if part in text)

    def _likely(self, text: str) -> Iterator[str]:
        data = _utf16(text)
        for units, by_key in self._by_units.items():
            for key in by_key.keys() & _grams(data, units):
                yield from by_key[key]


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def _grams(data: bytes, units: int) -> set[int]:
    """All runs of 2 or 4 units of UTF-16, as numbers."""
    found: set[int] = set()
    size = 2 * units
    for start in range(0, size, 2):
        end = start + (len(data) - start) // size * size
        found.update(memoryview(data[start:end]).cast("Q" if units == KEY else "I"))
    return found


def _words(text: str) -> list[str]:
    """The words of a folded text: runs of letters, digits and the marks that belong to them, in any script."""
    if text.isascii():
        return _ASCII.findall(text)
    found: list[str] = _any_script().findall(text.replace("_", " "))
    return found


_ASCII = re.compile("[a-z0-9]+")


@cache
def _any_script() -> re.Pattern[str]:
    # What \w leaves out: without the vowel signs of many scripts their words would fall into pieces.
    marks = (chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M"))
    return re.compile(f"[\\w{''.join(marks)}]+")
