import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.usernames import check_email, check_name, check_username, fold_email


@pytest.mark.parametrize("username", ["a", "Ann", "ann@example.org", "a.b+c-d_e", "x" * 150, "Łukasz", "太郎", "7"])
def test_usernames(username: str) -> None:
    assert check_username(username) == username


@pytest.mark.parametrize(
    "username", ["", "x" * 151, "ann smith", " ann", "ann\n", "a/b", "a#b", "a\u200bb", "a\u202eb", "🐎", "ann\u0301!"]
)
def test_no_usernames(username: str) -> None:
    with pytest.raises(Rejection) as refused:
        check_username(username)
    assert refused.value.code == "invalid"
    assert "username" in refused.value.fields


def test_a_username_has_one_form() -> None:
    assert check_username("ａｎｎ") == "ann"
    assert check_username("Jose\u0301") == "Jos\u00e9"
    with pytest.raises(Rejection):
        check_username("\ufdfa" * 100)  # 18 characters each, once in normal form


@pytest.mark.parametrize("email", ["ann@example.org", "A.b+c@sub.example.org", "root@localhost", "ü@münchen.example"])
def test_emails(email: str) -> None:
    assert check_email(f" {email} ") == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@host",
        "a b@example.org",
        "a@b@example.org",
        "a@ex..org",
        "a@example.org\n<x>",
        "a\u202e@example.org",
        "x" * 250 + "@e.org",
    ],
)
def test_no_emails(email: str) -> None:
    with pytest.raises(Rejection) as refused:
        check_email(email)
    assert "email" in refused.value.fields


def test_emails_are_compared_without_case() -> None:
    assert fold_email("Ann@Example.ORG ") == fold_email("aNN@example.org")
    assert fold_email("straße@example.org") == fold_email("STRASSE@example.org")


def test_names() -> None:
    assert check_name("  Ann Sofie ", "first_name") == "Ann Sofie"
    assert check_name("", "first_name") == ""
    with pytest.raises(Rejection) as refused:
        check_name("Ann\nSofie", "first_name")
    assert "first_name" in refused.value.fields
