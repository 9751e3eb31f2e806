import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.doctor.cases import Loose, case, said
from tertulia.cli.doctor import signing
from tertulia.datadir import open_data_dir


def test_guessable_keys(tmp_path: Path) -> None:
    weak, strong = "abcabcab" * 8, "Zt0pWq3_xR7mKfV2uYhJ9sLbNcE5aGdT1oQi"
    keys: list[dict[str, Any]] = [{"secret_key": weak}, {"jwt_secret": weak}]
    for key in keys:
        found = said(signing.strength(case(tmp_path, kind=Loose, **key)))
        assert found.level == "problem"
        assert weak not in found.what + found.advice
    good = said(signing.strength(case(tmp_path, secret_key=strong)))
    assert good.level == "ok"
    assert signing.strength(case(tmp_path)) is None


def test_an_old_key(tmp_path: Path) -> None:
    assert signing.age(case(tmp_path)) is None
    open_data_dir(tmp_path / "data").secret_key()
    found = said(signing.age(case(tmp_path)))
    assert found.what == "The signing key is 0 days old."
    assert signing.judge_age(1_000).level == "warning"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def test_a_key_in_a_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clone").mkdir()
    monkeypatch.chdir(tmp_path / "clone")
    found = case(tmp_path / "clone")
    assert signing.in_git(found) is None
    open_data_dir(found.folder).secret_key()
    assert said(signing.in_git(found)).level == "ok"
    git(Path(), "init")
    assert said(signing.in_git(found)).level == "problem"
    Path(".gitignore").write_text("/data\n")
    assert said(signing.in_git(found)).level == "warning"
    git(Path(), "add", "--force", "data")
    assert said(signing.in_git(found)).level == "problem"


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({}, None),
        ({"jwt_secret": "s" * 40}, "warning"),
        ({"jwt_secret": "s" * 40, "jwt_issuer": "https://a.example"}, "warning"),
        ({"jwks_url": "http://a.example/keys", "jwt_issuer": "a", "jwt_audience": "b"}, "problem"),
        ({"jwks_url": "https://a.example/keys", "jwt_issuer": "a", "jwt_audience": "b"}, "ok"),
    ],
)
def test_tokens_of_others(settings: dict[str, Any], level: str | None, tmp_path: Path) -> None:
    found = signing.foreign_tokens(case(tmp_path, kind=Loose, **settings))
    assert (found and found.level) == level
