"""Mail, through a real server on this machine."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from support.clock import FakeClock
from support.mail import PASSWORD, USER, certificate, free_port
from support.mail import mail_server as listening
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.services.mail import RETRIES, Mail, Mailer, MailServer, is_final, mail_server

SECRET = "do-not-log-me"
MAIL = Mail("test", 7, "ann@example.org", "Hello", f"Open https://chat.test/auth/reset#token={SECRET}\n")

Security = Literal["smtp", "smtps", "smtp+starttls"]


@asynccontextmanager
async def mailer(
    port: int, security: Security = "smtp", clock: FakeClock | None = None, **more: Any
) -> AsyncIterator[Mailer]:
    login = {name: more.pop(name) for name in ("user", "password") if name in more}
    server = MailServer(security, more.pop("host", "127.0.0.1"), port, **login)
    one = Mailer(server, "Chat <chat@test.example>", more.pop("own_name", "chat.test"), clock or FakeClock(), **more)
    try:
        yield one
    finally:
        await one.close(grace=1)


async def sent(one: Mailer) -> None:
    await until(lambda: one.waiting == 0)


async def test_a_mail_as_it_comes() -> None:
    async with listening() as box, mailer(box.port) as one:
        with capture_logs() as lines:
            assert one.offer(MAIL)
            [mail] = await box.count(1)
            await sent(one)
        assert (mail["From"], mail["To"], mail["Subject"]) == ("Chat <chat@test.example>", MAIL.to, "Hello")
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"].startswith("Sun, 15 Jun 2025 15:06:40")
        assert mail["Message-ID"].endswith("@test.example>")
        assert mail.get_content_type() == "text/plain"
        assert mail.get_content() == MAIL.text.replace("\n", "\r\n")
        [envelope] = box.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == ("chat@test.example", [MAIL.to])
        assert [line["event"] for line in lines] == ["mail.sent"]
        assert SECRET not in str(lines) + repr(MAIL)
        assert "ann@" not in str(lines) + repr(MAIL)


async def test_any_text_comes_through() -> None:
    long = "grüße " * 300 + "\r\n.\r\n..\r\n"
    async with listening() as box, mailer(box.port) as one:
        one.offer(Mail("test", 7, "ann@bücher.example", "Grüße 🎉", long))
        [mail] = await box.count(1)
        assert (mail["To"], mail["Subject"]) == ("ann@xn--bcher-kva.example", "Grüße 🎉")
        assert mail.get_content() == long


async def test_a_name_in_other_letters() -> None:
    mail = Mail("test", 7, "jörg@example.org", "Hello", "Hello\n")
    async with listening(enable_SMTPUTF8=True) as box, mailer(box.port) as one:
        one.offer(mail)
        await box.count(1)
        assert box.envelopes[0].rcpt_tos == ["jörg@example.org"]
    async with listening() as box, mailer(box.port) as one:
        with capture_logs() as lines:
            one.offer(mail)
            await sent(one)
        assert [(line["event"], line["error"]) for line in lines] == [("mail.failed", "SMTPNotSupportedError")]


@pytest.mark.parametrize(
    "to",
    [
        "ann@example.org\r\nBcc: eve@example.org",
        "ann@example.org\nX: y",
        "ann@example.org, eve@example.org",
        "ann@example.org> RCPT TO:<eve@example.org",
        "<ann@example.org>",
        "ann",
        "",
        "@example.org",
        "a" * 300 + "@example.org",
        "ann@" + "ü" * 100 + ".org",
    ],
)
async def test_what_is_no_address_gets_nothing(to: str) -> None:
    async with listening() as box, mailer(box.port) as one:
        with capture_logs() as lines:
            one.offer(Mail("test", 7, to, "Hello", "Hello\n"))
            await sent(one)
        assert (box.tries, [line["event"] for line in lines]) == (0, ["mail.failed"])


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: eve@example.org", "Hello\n\nbody"])
async def test_a_subject_adds_no_header(subject: str) -> None:
    async with listening() as box, mailer(box.port) as one:
        one.offer(Mail("test", 7, "ann@example.org", subject, "Hello\n"))
        await sent(one)
        assert box.tries == 0


async def test_again_after_a_while_and_not_for_ever() -> None:
    clock = FakeClock()
    async with listening() as box, mailer(box.port, clock=clock) as one:
        box.answers = [f"451 {SECRET} later"] * 4
        with capture_logs() as lines:
            one.offer(MAIL)
            for number, pause in enumerate(RETRIES, 1):
                await box.signal.until(lambda wanted=number: box.tries == wanted)  # type: ignore[misc]
                await until(lambda: len(one._resting) == 1)
                clock.advance(pause)
            await sent(one)
        assert (box.tries, box.mails) == (4, [])
        assert [line["event"] for line in lines] == ["mail.delayed"] * 3 + ["mail.failed"]
        assert all(line["code"] == 451 for line in lines)
        assert SECRET not in str(lines)


async def test_a_server_that_comes_back() -> None:
    clock, port = FakeClock(), free_port()
    async with mailer(port, clock=clock) as one:
        one.offer(MAIL)
        await until(lambda: len(one._resting) == 1)
        async with listening() as box:
            one._server = MailServer("smtp", "127.0.0.1", box.port)
            clock.advance(RETRIES[0])
            await box.count(1)


@pytest.mark.parametrize("answer", ["550 no such user", "554 5.7.1 spam"])
async def test_a_final_no_is_final(answer: str) -> None:
    async with listening() as box, mailer(box.port) as one:
        box.answers = [answer]
        with capture_logs() as lines:
            one.offer(MAIL)
            await sent(one)
        assert (box.tries, [line["event"] for line in lines]) == (1, ["mail.failed"])


def test_what_is_final() -> None:
    refused = smtplib.SMTPRecipientsRefused
    assert is_final(refused({"a": (550, b"no")}))
    assert not is_final(refused({"a": (450, b"later")}))
    assert is_final(smtplib.SMTPAuthenticationError(535, b"no"))
    assert is_final(ValueError())
    assert is_final(Rejection("invalid", "no"))
    assert not is_final(smtplib.SMTPServerDisconnected())
    assert not is_final(TimeoutError())


async def test_no_more_than_so_many_wait() -> None:
    async with listening() as box, mailer(box.port, waiting=3) as one:
        box.silent = True
        with capture_logs() as lines:
            assert [one.offer(MAIL) for _ in range(5)] == [True, True, True, False, False]
        assert [line["event"] for line in lines] == ["mail.dropped"] * 2
        await box.signal.until(lambda: box.tries == 2)  # the threads there are
        assert one.waiting == 3


async def test_what_is_being_sent_when_the_server_stops_is_sent() -> None:
    async with listening() as box, mailer(box.port) as one:
        for _ in range(10):
            one.offer(MAIL)
        await one.close()
        assert len(box.mails) == 10
        assert not one.offer(MAIL)


async def test_what_cannot_be_sent_when_the_server_stops_is_dropped_with_a_word() -> None:
    clock = FakeClock()
    async with listening() as box, mailer(box.port, clock=clock) as one:
        box.answers = ["451 later"]
        one.offer(MAIL)
        await until(lambda: len(one._resting) == 1)
        with capture_logs() as lines:
            await one.close()
        assert [(line["event"], line["mails"]) for line in lines] == [("mail.dropped_at_stop", 1)]


# TLS and signing in


@pytest.mark.parametrize("security", ["smtps", "smtp+starttls"])
async def test_tls_and_a_login(security: Security, tmp_path: Path) -> None:
    ours, theirs = certificate(tmp_path)
    kinds: dict[str, Any] = {"tls": ours} if security == "smtps" else {"starttls": ours}
    login: dict[str, Any] = {"user": USER, "password": PASSWORD}
    async with (
        listening(login=True, **kinds) as box,
        mailer(box.port, security, host="localhost", tls=theirs, **login) as one,
    ):
        one.offer(MAIL)
        await box.count(1)


@pytest.mark.parametrize("security", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("wrong", ["unknown", "other name"])
async def test_a_certificate_that_proves_nothing_gets_nothing(security: Security, wrong: str, tmp_path: Path) -> None:
    ours, theirs = certificate(tmp_path, "localhost" if wrong == "unknown" else "other.test")
    kinds: dict[str, Any] = {"tls": ours} if security == "smtps" else {"starttls": ours}
    trusting: ssl.SSLContext | None = None if wrong == "unknown" else theirs
    async with (
        listening(**kinds) as box,
        mailer(box.port, security, host="localhost", tls=trusting) as one,
    ):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # of the server in this test
        with capture_logs() as lines:
            one.offer(MAIL)
            await sent(one)
        assert (box.tries, lines[0]["error"]) == (0, "SSLCertVerificationError")


async def test_nothing_is_sent_in_clear_when_tls_was_wanted() -> None:
    async with listening() as box, mailer(box.port, "smtp+starttls", user=USER, password=PASSWORD) as one:
        with capture_logs() as lines:
            one.offer(MAIL)
            await sent(one)
        assert (box.tries, lines[0]["error"]) == (0, "SMTPNotSupportedError")


async def test_a_wrong_password_is_final_and_not_told() -> None:
    async with listening(login=True, auth_require_tls=False) as box:
        async with mailer(box.port, user=USER, password=SECRET) as one:
            with capture_logs() as lines:
                one.offer(MAIL)
                await sent(one)
        assert [(line["event"], line["code"]) for line in lines] == [("mail.failed", 535)]
        assert SECRET not in str(lines)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.test", MailServer("smtp", "mail.test", 25)),
        ("smtps://mail.test", MailServer("smtps", "mail.test", 465)),
        ("smtp+starttls://mail.test/", MailServer("smtp+starttls", "mail.test", 587)),
        ("smtp://[::1]:2525", MailServer("smtp", "::1", 2525)),
        (
            f"smtps://{USER}%40x:{quote(PASSWORD, safe='')}@mail.test:1",
            MailServer("smtps", "mail.test", 1, f"{USER}@x", PASSWORD),
        ),
    ],
)
def test_urls(url: str, server: MailServer) -> None:
    assert mail_server(url) == server
    assert PASSWORD not in repr(server)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("chat.test", "chat.test"),
        ("127.0.0.1", "[127.0.0.1]"),
        ("::1", "[IPv6:::1]"),
        ("bücher.test", "xn--bcher-kva.test"),
    ],
)
async def test_how_it_says_hello(host: str, said: str) -> None:
    async with listening() as box, mailer(box.port, own_name=host) as one:
        assert one._own_name == said
        one.offer(MAIL)
        await box.count(1)
