import time
from collections.abc import Iterator

import pytest

from cli.chat.rows import BEN, CLEO, ME, message, notice, room
from tertulia.cli.chat import view
from tertulia.cli.chat.wrap import Line

REACTIONS = [{"emoji": "👍", "count": 2, "users": ["u1", "u2"]}]


@pytest.fixture(autouse=True)
def _two_hours_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text(lines: list[Line]) -> str:
    return "\n".join(map(view.plain, lines))


def test_a_message_in_local_time() -> None:
    assert text(view.row_lines(message(5, "Hello"), ME["id"])) == "#5 14:00 ben: Hello"
    assert f"{view.day_of(message(1, 'x', created_at='2026-01-01T23:00:00.000000Z'))}" == "2026-01-02"


def test_all_that_a_message_may_have() -> None:
    row = message(5, "Hello", reply_to=2, edited_at="2026-01-01T12:00:00.000000Z", reactions=REACTIONS)
    assert text(view.row_lines(row, ME["id"])) == "#5 14:00 ben: (to #2) Hello (edited) [👍 2]"


def test_a_mention_of_me_stands_out_with_and_without_colours() -> None:
    (line,) = view.row_lines(message(5, "@ana look", mentions=[ME["id"]]), ME["id"])
    assert view.plain(line) == "#5 14:00 ben: ▸ @ana look"
    assert ("class:mention", "▸ @ana look") in line or ("class:mention", "@ana look") in line
    mine = view.row_lines(message(5, "@ana look", ME, mentions=[ME["id"]]), ME["id"])
    assert "▸" not in text(mine)


def test_a_deleted_message_and_a_sender_who_is_gone() -> None:
    assert text(view.row_lines(message(5, None, None), ME["id"])) == "#5 14:00 somebody who left: (deleted)"


def test_bodies_are_escaped_and_cannot_forge_a_line() -> None:
    evil = message(5, "hi\x1b[2J\n#6 14:00 ana: I owe you \u202e001")
    assert text(view.row_lines(evil, ME["id"])) == "#5 14:00 ben: hi\\x1b[2J ⏎ #6 14:00 ana: I owe you \\u202e001"
    in_a_terminal = text(view.row_lines(evil, ME["id"], 80)).split("\n")
    assert in_a_terminal == ["#5 14:00 ben: hi\\x1b[2J", "    #6 14:00 ana: I owe you \\u202e001"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"type": "joined", "users": [BEN]}, "ben joined"),
        ({"type": "left", "users": [BEN, CLEO]}, "ben and cleo left"),
        ({"type": "added", "users": [CLEO], "by": BEN}, "cleo was added by ben"),
        ({"type": "removed", "users": [BEN, CLEO], "by": ME}, "ben and cleo were removed by ana"),
        ({"type": "renamed", "by": BEN, "title": "A\x1b[31m"}, "the room was renamed by ben: A\\x1b[31m"),
    ],
)
def test_notices(what: dict[str, object], said: str) -> None:
    assert text(view.row_lines(notice(3, **what), ME["id"])) == f"· 14:00 {said}"


def test_changes_are_short_lines() -> None:
    before = message(5, "Hello")
    edited = message(5, "Hello\nyou", changed_seq=20)
    assert text(view.change_lines(before, edited, ME["id"])) == "· ben edited #5: Hello ⏎ you"
    assert text(view.change_lines(before, message(5, None), ME["id"])) == "· #5 from ben was deleted"
    reacted = message(5, "Hello", reactions=REACTIONS)
    assert text(view.change_lines(before, reacted, ME["id"])) == "· #5 from ben: 👍 2"
    assert text(view.change_lines(reacted, before, ME["id"])) == "· #5 from ben: no reaction any more"
    assert view.change_lines(before, message(5, "Hello", changed_seq=9), ME["id"]) == []


def test_headers_and_lists() -> None:
    square = room(ME, BEN, message_count=7, settings={"name": "general", "title": "Sq\x1bare"})
    assert text(view.header_lines(square)) == "── general · Sq\\x1bare, 2 members ──"
    assert view.plain(view.room_line(square)) == "  general  7 new"
    assert text(view.header_lines(room(ME, BEN, partner=BEN, settings={}))) == "── @ben ──"


def test_who() -> None:
    square = room(ME, BEN, CLEO)
    assert text(view.who_lines(square, {"u1": "online", "u3": "away"})) == "· here: ana\n· away: cleo\n· not here: ben"
    square.members_complete = False
    assert text(view.who_lines(square, {})) == "· 3 members; in large rooms nobody sees who is there"


def test_many_names() -> None:
    assert view.names_text([]) == ""
    assert view.names_text(["a"]) == "a"
    assert view.names_text(["a", "b", "c"]) == "a, b and c"
    assert view.names_text(list("abcdefg")) == "a, b, c, d and 3 others"
