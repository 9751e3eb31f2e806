import pytest

from tertulia.cli.chat.escape import escaped, lines_of, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("\x1b]0;mine\x07\x1b[2J", "\\x1b]0;mine\\x07\\x1b[2J"),  # sets the title, clears the screen
        ("\x9b2J", "\\x9b2J"),  # the same in one character
        ("safe\rforged", "safe\\rforged"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("\u2066isolated\u2069", "\\u2066isolated\\u2069"),
        ("\u200fmark", "\\u200fmark"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("in\u200bvisible\ufeff", "in\\u200bvisible\\ufeff"),
        ("\ud800", "\\ud800"),
        ("a\tb", "a    b"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize("text", ["¿Qué tal?", "今日は", "نلتقي غدًا", "👩‍👩‍👧", "❤️", "می‌خواهم"])
def test_languages_and_emoji_stay_as_they_are(text: str) -> None:
    assert escaped(text) == text


def test_ends_of_lines() -> None:
    assert lines_of("one\r\ntwo\nthree\x0bfour") == ["one", "two", "three\\x0bfour"]
    assert one_line("one\n#9 12:00 ben: two") == "one ⏎ #9 12:00 ben: two"
