from pathlib import Path

import pytest

from cli.doctor.cases import Loose, case, said
from tertulia.cli.doctor import accounts


@pytest.mark.parametrize(("who", "level"), [("open", "warning"), ("", "warning"), ("invite", "ok"), ("closed", "ok")])
def test_who_may_sign_up(who: str, level: str, tmp_path: Path) -> None:
    assert accounts.registration(case(tmp_path, kind=Loose, registration=who)).level == level


@pytest.mark.parametrize(
    ("smtp", "public", "level"),
    [
        ("", "", "ok"),
        ("smtps://u:geheim@mail.example:465", "", "problem"),
        ("smtps://u:geheim@mail.example:465", "https://chat.example.org", "ok"),
        ("smtp+starttls://u:geheim@mail.example:587", "https://chat.example.org", "ok"),
        ("smtp://mail.example:25", "https://chat.example.org", "warning"),
        ("smtp://localhost:25", "https://chat.example.org", "ok"),
    ],
)
def test_mail(smtp: str, public: str, level: str, tmp_path: Path) -> None:
    found = accounts.mail(case(tmp_path, kind=Loose, smtp_url=smtp, public_url=public))
    assert found.level == level
    assert "geheim" not in found.what + found.advice


def test_the_address_of_links(tmp_path: Path) -> None:
    assert accounts.public_url(case(tmp_path, kind=Loose)) is None
    for url, level in (("http://chat.example.org", "problem"), ("https://chat.example.org", "ok")):
        found = said(accounts.public_url(case(tmp_path, kind=Loose, public_url=url)))
        assert found.level == level
