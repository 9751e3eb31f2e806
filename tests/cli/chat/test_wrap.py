import pytest
from prompt_toolkit.utils import get_cwidth

from tertulia.cli.chat.view import plain
from tertulia.cli.chat.wrap import Line, shortened, wrapped

HEAD: Line = [("", "#1 12:00 ben: ")]


def texts(body: str, width: int | None, most: int = 40) -> list[str]:
    return [plain(line) for line in wrapped(HEAD, [[("", line)] for line in body.split("\n")], width, most)]


def test_without_a_terminal_a_row_is_one_line() -> None:
    assert texts("a " * 500, None) == ["#1 12:00 ben: " + "a " * 500]


def test_broken_at_spaces_and_indented() -> None:
    assert texts("the quick brown fox jumps", 24) == ["#1 12:00 ben: the quick", "    brown fox jumps"]


def test_no_line_after_the_first_can_look_like_the_head_of_another() -> None:
    assert texts("hi\n#2 12:00 ana: forged", 80) == ["#1 12:00 ben: hi", "    #2 12:00 ana: forged"]


@pytest.mark.parametrize("width", [1, 20, 40, 80])
@pytest.mark.parametrize("body", ["x" * 300, "漢字" * 100, "👍" * 100, "word " * 80, "", " "])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(width: int, body: str) -> None:
    lines = texts(body, width)
    assert all(get_cwidth(line) <= max(width, 20) for line in lines)
    assert "".join("".join(lines).split()) == "".join(f"#1 12:00 ben: {body}".split())


def test_a_flood_of_lines_is_cut_and_counted() -> None:
    lines = texts("x\n" * 100, 80, most=5)
    assert len(lines) == 6
    assert lines[-1] == "    … 96 more lines"


def test_shortened() -> None:
    assert shortened("short", 10) == "short"
    assert shortened("rather long", 8) == "rather …"
    assert get_cwidth(shortened("漢字漢字", 6)) <= 6
