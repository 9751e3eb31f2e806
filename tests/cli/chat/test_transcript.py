from cli.chat.rows import ME, message, notice
from tertulia.cli.chat.transcript import Transcript
from tertulia.cli.chat.view import plain
from tertulia.cli.chat.wrap import Line
from tertulia.protocol.resources import MessageResource

ROWS = [message(index, f"line {index}") for index in range(1, 11)]


def bodies(lines: list[Line]) -> list[str]:
    """Of messages; everything else as it is, without the day."""
    texts = [plain(line) for line in lines]
    return [text.partition("ben: ")[2] or text for text in texts if not text.startswith("──")]


def begun(rows: list[MessageResource], cursor: int, most: int = 50) -> Transcript:
    transcript = Transcript(ME["id"])
    transcript.begin(rows, cursor, most, None)
    return transcript


def test_each_row_is_printed_once() -> None:
    transcript = begun(ROWS[:3], 6)
    assert bodies(transcript.news(ROWS[:5], 10, None)) == ["line 4", "line 5"]
    assert transcript.news(ROWS[:5], 10, None) == []
    assert transcript.read_index == 5


def test_what_comes_after_a_gap_waits() -> None:
    """My post's answer came before what others said: its row is there, the cursor is not."""
    transcript = begun(ROWS[:3], 6)
    assert transcript.news([*ROWS[:3], ROWS[4]], 6, None) == []
    assert bodies(transcript.news(ROWS[:5], 10, None)) == ["line 4", "line 5"]


def test_the_day_is_said_when_it_changes() -> None:
    transcript = Transcript(ME["id"])
    rows = [message(1, "a"), message(2, "b"), message(3, "c", created_at="2026-01-03T12:00:00.000000Z")]
    lines = [plain(line) for line in transcript.begin(rows, 6, 50, None)]
    assert [line[:2] for line in lines] == ["──", "#1", "#2", "──", "#3"]


def test_older_rows_come_page_by_page() -> None:
    transcript = Transcript(ME["id"])
    first = transcript.begin(ROWS, 20, 4, None)
    assert bodies(first) == ["· /more shows what was before", "line 7", "line 8", "line 9", "line 10"]
    assert bodies(transcript.older(ROWS, 4, None))[1:-1] == ["line 3", "line 4", "line 5", "line 6"]
    assert bodies(transcript.older(ROWS, 4, None))[1:-1] == ["line 1", "line 2"]
    assert transcript.older(ROWS, 4, None) == []
    assert transcript.read_index == 10


def test_changes_are_told_of_rows_on_the_screen_only_and_once() -> None:
    transcript = Transcript(ME["id"])
    transcript.begin(ROWS, 20, 4, None)
    changed = [message(1, "edited", changed_seq=21), message(9, "edited", changed_seq=22)]
    assert bodies(transcript.changes(changed, None)) == ["· ben edited #9: edited"]
    assert transcript.changes(changed, None) == []
    assert transcript.changes([message(9, "older version", changed_seq=18)], None) == []


def test_a_hole_after_a_reload_is_counted() -> None:
    transcript = begun(ROWS[:3], 6)
    assert transcript.missing(ROWS[2:]) == 0
    assert transcript.missing(ROWS[3:]) == 0
    assert transcript.missing([notice(8), *ROWS[8:]]) == 5
    assert transcript.missing([]) == 0


def test_notices_are_rows_too() -> None:
    transcript = begun(ROWS[:3], 6)
    (line,) = transcript.news([*ROWS[:3], notice(3, type="joined", users=[ME])], 7, None)
    assert plain(line).endswith("ana joined")
