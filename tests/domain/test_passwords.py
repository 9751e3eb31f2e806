import subprocess
import sys

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.passwords import check_password

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


def test_a_short_name_in_a_long_password_is_no_likeness() -> None:
    check_password("an unlikely sentence of many words", {"first name": "an"})


def test_the_longest_password_is_checked_quickly() -> None:
    check_password("xK9#mmPq" * 128, {"first name": " ".join("ab" for _ in range(50))})


def test_the_common_passwords_are_loaded_only_when_needed() -> None:
    code = "import sys, tertulia.domain.passwords; sys.exit('zxcvbn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
