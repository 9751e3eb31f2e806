import pytest

from tertulia.domain.models import User
from tertulia.services import mail_texts

SITE, LINK = "chat.test", "https://chat.test/auth/reset#token=abc"
ANN = User(1, "id", "ann", "ann@example.org")


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (mail_texts.reset(SITE, ANN, LINK), True),
        (mail_texts.confirm(SITE, LINK), True),
        (mail_texts.change(SITE, LINK), True),
        (mail_texts.changing(SITE), False),
        (mail_texts.already_yours(SITE), False),
    ],
)
def test_every_mail(text: mail_texts.Text, *, link: bool) -> None:
    subject, body = text
    assert SITE in subject
    assert "\n" not in subject
    assert body.isascii()
    assert (f"\n{LINK}\n" in body) is link  # alone on its line
    assert ("30 minutes" in body) is link
    assert body.endswith(".\n")
    assert "ann" not in body.replace("ann@example.org", "")
