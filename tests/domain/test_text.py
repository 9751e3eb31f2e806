"""Text: any Unicode, kept as it is, but for what a database cannot hold (rule 4, E6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.domain.errors import Rejection
from tertulia.domain.text import MAX_BODY, check_body, check_line, check_text


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ud800", "a\udfff", "\udc00\ud800", "é\ud83d"])
def test_what_no_database_holds_is_refused(text: str) -> None:
    for check in (check_text, check_body):
        with pytest.raises(Rejection) as refused:
            check(text)
        assert refused.value.code == "invalid_text"
        assert text not in refused.value.message


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_all_other_text_is_kept_as_it_is(text: str) -> None:
    assert check_text(text) == text
    assert text.encode().decode() == text


@pytest.mark.parametrize("body", ["", " ", "\n\t ", "\u3000\u2003", "\x1c"])
def test_a_blank_body_is_refused(body: str) -> None:
    with pytest.raises(Rejection) as refused:
        check_body(body)
    assert (refused.value.code, list(refused.value.fields)) == ("invalid", ["body"])


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600"])
def test_the_limit_counts_characters(letter: str) -> None:
    assert check_body(letter * MAX_BODY)
    with pytest.raises(Rejection) as refused:
        check_body(letter * (MAX_BODY + 1))
    assert refused.value.code == "too_long"
    assert "16,385" in refused.value.message


@pytest.mark.parametrize("body", ["x", " x ", "\u200b", "\x01", "\ufeff", "\u202e"])
def test_a_body_is_never_trimmed(body: str) -> None:
    assert check_body(body) == body


@pytest.mark.parametrize("character", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "\n", "\x1b", "\x85"])
def test_a_line_neither_turns_the_text_around_it_nor_breaks(character: str) -> None:
    with pytest.raises(Rejection) as refused:
        check_line(f"a{character}b", "title")
    assert (refused.value.code, list(refused.value.fields)) == ("invalid", ["title"])
    assert character not in refused.value.message
    assert check_body(f"a{character}b")


@pytest.mark.parametrize("line", ["", " a ", "שלום עולם", "مرحبا", "👩\u200d🚀", "a\u200fb"])
def test_lines_of_any_script(line: str) -> None:
    assert check_line(line, "title") == line
