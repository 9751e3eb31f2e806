from sqlalchemy import Connection

from tertulia.domain.words import Action, Word
from tertulia.storage import words

REFUSE, REPORT = Action.REFUSE, Action.REPORT


def test_put_changed_removed(connection: Connection) -> None:
    words.put(connection, Word("bad", REFUSE, 1, 5))
    words.put(connection, Word("*worse*", REPORT, None, 6))
    assert words.all_of(connection) == {"bad": REFUSE, "*worse*": REPORT}
    assert words.count(connection) == (2, 1)
    words.put(connection, Word("bad", REPORT, 2, 7))
    assert words.one(connection, "bad") == Word("bad", REPORT, 2, 7)
    assert words.remove(connection, "bad")
    assert not words.remove(connection, "bad")
    assert words.one(connection, "bad") is None
    assert words.count(connection) == (1, 1)


def test_every_change_has_a_version(connection: Connection) -> None:
    versions = [words.version(connection)]
    words.put(connection, Word("bad", REFUSE, 1, 5))
    versions.append(words.version(connection))
    words.put(connection, Word("bad", REPORT, 1, 5))
    versions.append(words.version(connection))
    words.remove(connection, "none")
    assert words.version(connection) == versions[-1]
    words.remove(connection, "bad")
    versions.append(words.version(connection))
    assert versions[0] is None
    assert len(set(versions)) == 4


def test_page_by_page(connection: Connection) -> None:
    for word in ("c", "a", "é", "b*"):
        words.put(connection, Word(word, REFUSE, 1, 5))
    first = words.page(connection, "", 2)
    assert [word.word for word in first] == ["a", "b*"]
    assert [word.word for word in words.page(connection, "b*", 5)] == ["c", "é"]
