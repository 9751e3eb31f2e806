"""`tertulia words`."""

from pathlib import Path

import pytest

from support.commands import tertulia

pytestmark = pytest.mark.usefixtures("database")


def test_added_listed_removed(tmp_path: Path) -> None:
    added = tertulia(tmp_path, "words", "add", "Bad", "*buy now*", "spam*")
    assert added.stdout == "bad  refuse\n*buy now*  refuse\nspam*  refuse\n"
    assert tertulia(tmp_path, "words", "add", "BAD", "--report").stdout == "bad  report\n"
    listed = tertulia(tmp_path, "words", "list")
    assert listed.stdout == "*buy now*  refuse\nbad  report\nspam*  refuse\n"
    removed = tertulia(tmp_path, "words", "remove", "Bad", "none", "spam*")
    assert (removed.returncode, removed.stderr) == (1, "Not on the list: none\n")
    assert tertulia(tmp_path, "words", "list").stdout == "*buy now*  refuse\n"


@pytest.mark.parametrize("word", ["*", "two words", "b*d"])
def test_what_is_no_word_is_one_sentence(tmp_path: Path, word: str) -> None:
    done = tertulia(tmp_path, "words", "add", word)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert tertulia(tmp_path, "words", "list").stdout == ""
