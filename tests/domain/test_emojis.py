"""A reaction is one fully-qualified emoji of the Unicode list."""

import emoji as unicode_list
import pytest

from tertulia.domain.emojis import check_emoji
from tertulia.domain.errors import Rejection


@pytest.mark.parametrize("emoji", ["👍", "🎉", "❤️", "👩‍🚀", "🏳️‍🌈", "🇪🇸", "👍🏽", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_fully_qualified_emoji_are_taken_as_they_are(emoji: str) -> None:
    assert check_emoji(emoji) == emoji


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "👍👍",
        " 👍",
        "👍 ",
        "❤",
        "🏳‍🌈",
        "🏽",
        "\ufe0f",
        "🇪",
        ":thumbs_up:",
        "👍\x00",
        "\ud83d",
        "👍" * 10_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Also emoji that are not fully qualified, and parts of some: one look, one spelling."""
    with pytest.raises(Rejection) as refused:
        check_emoji(text)
    assert (refused.value.code, list(refused.value.fields)) == ("invalid", ["emoji"])


def test_every_emoji_fits_its_column() -> None:
    """64 characters in the table of reactions."""
    assert max(map(len, unicode_list.EMOJI_DATA)) <= 64
