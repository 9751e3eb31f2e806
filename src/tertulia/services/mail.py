"""Sending mail: handed over at once, sent in the background by threads, tried again for a few minutes.

What waits is in memory only and bounded: a mail that is lost is asked for again.
"""

import asyncio
import ipaddress
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Literal
from urllib.parse import unquote, urlsplit

import structlog

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.times import SECOND
from tertulia.domain.usernames import check_email
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

THREADS = 2
WAITING = 500
RETRIES = (5.0, 30.0, 120.0)
"""Seconds before each further try."""
TIMEOUT = 10.0
"""Seconds for which the mail server may be silent."""
GRACE = 5.0
"""Seconds that mails get which are being sent when the server stops."""

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    security: Literal["smtp", "smtps", "smtp+starttls"]
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def mail_server(url: str) -> MailServer:
    """`smtp+starttls://user:password@host:port`, with %-escapes; the settings have checked it."""
    parts = urlsplit(url)
    assert parts.scheme in _PORTS, parts.scheme
    return MailServer(
        parts.scheme,  # type: ignore[arg-type]
        parts.hostname or "",
        parts.port or _PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


@dataclass(frozen=True, slots=True)
class Mail:
    """`kind` and `user` (a number) are for the log; the rest is nothing that a log may see."""

    kind: str
    user: int
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Mailer:
    """`sender`: `chat@example.org` or `Chat <chat@example.org>`. `own_name`: host under which this server is known."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        own_name: str,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        waiting: int = WAITING,
    ) -> None:
        self._server = server
        self._sender = _address(*reversed(parseaddr(sender)))
        self._own_name = _helo(own_name)
        self._clock = clock
        self._tls = tls
        self._most = waiting
        self._threads = ThreadPoolExecutor(THREADS, "tertulia-mail")
        self._free = asyncio.Semaphore(THREADS)
        self._tasks = Tasks()
        self._mails: set[asyncio.Task[None]] = set()
        self._resting: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Mails that are not sent yet."""
        return len(self._mails)

    def offer(self, mail: Mail) -> bool:
        """Send it soon; whether there was room for it. What becomes of it is told in the log only."""
        if self._closed or len(self._mails) >= self._most:
            log.warning("mail.dropped", kind=mail.kind, user=mail.user, waiting=len(self._mails))
            return False
        task = self._tasks.spawn(self._deliver(mail), "mail")
        self._mails.add(task)
        task.add_done_callback(self._mails.discard)
        return True

    async def close(self, grace: float = GRACE) -> None:
        """Finish what is being sent, as far as `grace` seconds allow; what waits for another try is dropped."""
        self._closed = True
        for task in self._resting:
            task.cancel()
        lost = len(self._resting)
        if self._mails:
            _, late = await asyncio.wait(self._mails, timeout=grace)
            lost += len(late)
        await self._tasks.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if lost:
            log.warning("mail.dropped_at_stop", mails=lost)

    async def _deliver(self, mail: Mail) -> None:
        for pause in (*RETRIES, None):
            error = await self._try(mail)
            if error is None:
                log.info("mail.sent", kind=mail.kind, user=mail.user)
                return
            if pause is None or self._closed or is_final(error):
                log.error("mail.failed", kind=mail.kind, user=mail.user, **_said(error))
                return
            log.warning("mail.delayed", kind=mail.kind, user=mail.user, seconds=pause, **_said(error))
            await self._rest(pause)

    async def _try(self, mail: Mail) -> Exception | None:
        async with self._free:
            try:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._send, mail)
            except (OSError, ValueError, Rejection) as error:  # smtplib's are OSErrors
                return error
        return None

    async def _rest(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._resting.add(task)
        try:
            await self._clock.sleep(seconds)
        finally:
            self._resting.discard(task)

    # In a thread.

    def _send(self, mail: Mail) -> None:
        message = self._message(mail)
        to = message["To"].addresses[0].addr_spec
        smtp = self._connect()
        try:
            if self._server.user:
                smtp.login(self._server.user, self._server.password)
            smtp.send_message(message, self._sender.addr_spec, [to])
            with suppress(OSError):  # it is handed over, whatever is said now
                smtp.quit()
        finally:
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "smtps":
            return smtplib.SMTP_SSL(server.host, server.port, self._own_name, timeout=TIMEOUT, context=self._context())
        smtp = smtplib.SMTP(server.host, server.port, self._own_name, timeout=TIMEOUT)
        if server.security == "smtp+starttls":
            try:
                smtp.starttls(context=self._context())  # raises when it is not offered: never without
            except Exception:
                smtp.close()
                raise
        return smtp

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def _message(self, mail: Mail) -> EmailMessage:
        """Raises `ValueError` or `Rejection` for what cannot be an address or a header."""
        message = EmailMessage(SMTP)
        message["From"] = self._sender
        message["To"] = _address(check_email(mail.to))
        message["Subject"] = mail.subject
        message["Date"] = datetime.fromtimestamp(self._clock.now() / SECOND, UTC)
        message["Message-ID"] = f"<{new_id()}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text, cte="7bit" if mail.text.isascii() else "quoted-printable")
        return message


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain if domain.isascii() else domain.encode("idna").decode())


def _helo(host: str) -> str:
    """How one says hello without asking the DNS for one's own name, which may take very long."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.encode("idna").decode()
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def is_final(error: Exception) -> bool:
    """Whether another try would only hear the same."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    # A certificate that proves nothing is a ValueError, too.
    return isinstance(error, smtplib.SMTPNotSupportedError | ValueError | Rejection)


def _said(error: Exception) -> dict[str, object]:
    """What may be logged: servers repeat addresses in their answers, and some whole mails."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return {"error": type(error).__name__, "codes": sorted({code for code, _ in error.recipients.values()})}
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    return {"error": type(error).__name__, **({"code": code} if code is not None else {})}
