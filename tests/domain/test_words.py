"""Words that are not wanted: written down, and found."""

import time
from random import Random

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.words import MAX_INSIDE, MAX_WORD, Action, WordList, check_word

REFUSE, REPORT = Action.REFUSE, Action.REPORT


def finds(word: str, text: str) -> bool:
    return WordList({check_word(word): REFUSE}).find(text) is REFUSE


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("bad", "bad"),
        ("bad", "That is BAD!"),
        ("Bad", "so bad, so sad"),
        ("bad", "bad_bad"),
        ("bad", "very-bad-thing"),
        ("bad", "ＢＡＤ"),
        ("bad", "𝕓𝕒𝕕"),
        ("bad", "b\u200bad b\u00adad"),
        ("bad", "@bad"),
        ("bad", "bad\nnews"),
        ("straße", "STRASSE"),
        ("é", "e\u0301"),
        ("été", "E\u0301T\u00c9"),
        ("हिन्दी", "यह हिन्दी है"),
        ("плохо", "ПЛОХО"),
        ("bad*", "badly"),
        ("bad*", "bad"),
        ("*bad", "notbad"),
        ("*bad", "bad"),
        ("*bad*", "unbadly"),
        ("*bad*", "bad"),
        ("*buy now*", "please BUY NOW!!!"),
        ("*坏话*", "他说坏话了"),
        ("*b.a.d*", "it is b.a.d."),
        ("badger*", "badgers"),
        ("*er", "badger"),
    ],
)
def test_found(word: str, text: str) -> None:
    assert finds(word, text)
    assert finds(word, f"{'word ' * 400}{text}")  # long texts are looked through in another way


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("bad", ""),
        ("bad", "badly"),
        ("bad", "notbad"),
        ("ano", "año"),
        ("bad", "b ad"),
        ("bad*", "notbad"),
        ("*bad", "badly"),
        ("*buy now*", "buy it now"),
        ("badge*", "bad"),
        ("हिन्द", "हिन्दी"),
    ],
)
def test_not_found(word: str, text: str) -> None:
    assert not finds(word, text)
    assert not finds(word, f"{'word ' * 400}{text}")


def test_refusing_wins() -> None:
    both = WordList({"bad": REPORT, "worse": REFUSE, "wor*": REPORT, "*ad*": REPORT})
    assert both.find("bad") is REPORT
    assert both.find("worst") is REPORT
    assert both.find("bad and worse") is REFUSE
    assert both.find("good") is None
    assert WordList({}).find("bad") is None


@pytest.mark.parametrize(
    ("word", "stored"),
    [
        ("Bad", "bad"),
        (" bad ", "bad"),
        ("BAD*", "bad*"),
        ("*Bad", "*bad"),
        ("*Buy Now*", "*buy now*"),
        ("ＢＡＤ", "bad"),
    ],
)
def test_written_down(word: str, stored: str) -> None:
    assert check_word(word) == stored
    assert check_word(stored) == stored


@pytest.mark.parametrize(
    "word",
    ["", " ", "*", "**", "***", "\u200b", "a*", "*a", "*a*", "b*d", "**bad", "bad**", "two words", "b.a.d", "c++",
     "bad\n", "*ba\nd*", "x" * (MAX_WORD + 1), "\ufdfa" * MAX_WORD],
)  # fmt: skip
def test_what_is_no_word(word: str) -> None:
    if word.strip() == "bad":  # white space around it is cut
        assert check_word(word) == "bad"
        return
    with pytest.raises(Rejection) as refused:
        check_word(word)
    assert refused.value.code == "invalid"
    assert refused.value.fields.keys() == {"word"}


def _word(random: Random) -> str:
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=random.randint(4, 12)))


def test_the_longest_text_with_the_longest_list_takes_little_time() -> None:
    """About a quarter of a millisecond where this was written; of this thread, the bound is for slow machines."""
    random = Random(1)
    full = WordList({_word(random): REFUSE for _ in range(5_000)})
    text = " ".join(f"{_word(random)}é" for _ in range(3_000))[:16_384]
    assert _best(full, text) < 0.01
    inside = WordList({f"*{_word(random)}*": REFUSE for _ in range(MAX_INSIDE)})
    for hard in (text, "a" * 16_384, "ab" * 8_192, "漢" * 16_384, "e\u0301" * 8_192, "_" * 16_384, "\ufdfa" * 16_384):
        assert _best(inside, hard) < 0.05
        assert _best(full, hard) < 0.05


def _best(words: WordList, text: str) -> float:
    times = []
    for _ in range(5):
        start = time.thread_time()
        words.find(text)
        times.append(time.thread_time() - start)
    return min(times)
