import subprocess
import sys

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.passwords import Strength, Weakness, check_password, weaknesses

ANN = {
    "username": "ann.lindqvist",
    "email": "ann@tertulia.example",
    "first name": "Ann-Sofie",
    "last name": "Lindqvist",
}


@pytest.mark.parametrize(
    "password", ["correct horse battery", "xK9#mmPq", "🐎🔋📎🐎🔋📎🐎🔋", "9" * 20 + "x", "ü" * 8 + "q1"]
)
def test_good_passwords(password: str) -> None:
    check_password(password, ANN)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "longer"),
        ("xK9#mmP", "longer"),
        ("72938475029384", "digits"),
        ("٧٢٩٣٨٤٧٥٠٢", "digits"),
        ("password1", "common"),
        ("PassWord1", "common"),
        ("sunshine", "common"),
        ("ann.lindqvist", "username"),
        ("LINDQVIST1", "username"),
        ("Ann-Sofie1", "first name"),
        ("tertulia.example", "email"),
    ],
)
def test_weak_passwords(password: str, why: str) -> None:
    with pytest.raises(Rejection) as refused:
        check_password(password, ANN, field="new")
    assert refused.value.code == "weak_password"
    assert why in refused.value.message
    assert password not in refused.value.message or not password
    assert refused.value.fields == {"new": refused.value.message}


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("correct horse battery", []),
        ("12345", [(Weakness.SHORT, ""), (Weakness.NUMERIC, ""), (Weakness.COMMON, "")]),
        ("12345678", [(Weakness.NUMERIC, ""), (Weakness.COMMON, "")]),
        ("lindqvist", [(Weakness.SIMILAR, "username")]),
        ("ann", [(Weakness.SHORT, ""), (Weakness.SIMILAR, "username")]),
        ("", [(Weakness.SHORT, "")]),
    ],
)
def test_every_weakness_has_a_name(password: str, found: list[tuple[Weakness, str]]) -> None:
    assert weaknesses(password, ANN) == found


@pytest.mark.parametrize(("password", "good"), [("", False), ("1", True), ("x" * 128, True), ("x" * 129, False)])
def test_where_any_password_will_do(password: str, good: bool) -> None:
    if good:
        check_password(password, {"username": password}, strength=Strength.ANY)
        return
    with pytest.raises(Rejection, match="1 to 128") as refused:
        check_password(password, {}, strength=Strength.ANY)
    assert (refused.value.code, list(refused.value.fields)) == ("weak_password", ["password"])


def test_where_it_may_be_like_its_owner() -> None:
    check_password("ann.lindqvist", ANN, strength=Strength.GENERAL)
    for password, why in (("lindqv1", "longer"), ("password1", "common"), ("72938475029384", "digits")):
        with pytest.raises(Rejection, match=why):
            check_password(password, ANN, strength=Strength.GENERAL)


def test_a_short_name_in_a_long_password_is_no_likeness() -> None:
    check_password("an unlikely sentence of many words", {"first name": "an"})


def test_the_longest_password_is_checked_quickly() -> None:
    check_password("xK9#mmPq" * 128, {"first name": " ".join("ab" for _ in range(50))})


def test_the_common_passwords_are_loaded_only_when_needed() -> None:
    code = "import sys, tertulia.domain.passwords; sys.exit('zxcvbn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
