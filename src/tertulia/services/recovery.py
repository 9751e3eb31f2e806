"""Forgotten passwords and addresses that are not confirmed yet: both by one-time links.

What an answer may tell, it tells to everybody: whether there is an account is looked up after the answer.
"""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.buckets import Attempts
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.links import LIFETIME, Link, Purpose, hash_token, new_token
from tertulia.domain.models import Caller, User
from tertulia.domain.passwords import password_session
from tertulia.domain.usernames import check_email, fold_email, normal_username
from tertulia.services import mail_texts
from tertulia.services.finish import finish
from tertulia.services.mail import Mail, Mailer
from tertulia.services.passwords import Passwords, about_user
from tertulia.services.people import People
from tertulia.services.sessions import EndedAll, Sessions
from tertulia.services.verifier import Verifier, wrong_credentials
from tertulia.storage import accounts, audit, emails, links, users
from tertulia.storage.accounts import Credentials
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

FORGOT, FORGOT_SECONDS = 3, 900.0
"""Times that a reset may be asked for one address, whether there is such an account or not."""
PER_USER, PER_ADDRESS, HOUR = 20, 5, 3_600.0
"""Mails in an hour that one account may cause; and, resets apart, that one address may get."""
WAITING = 200
"""Requests that may be looked up in the background at once."""
UPKEEP_SECONDS = 600.0
SLICE = 200

P = ParamSpec("P")

_PAGES = {Purpose.RESET: "reset", Purpose.CONFIRM: "confirm", Purpose.CHANGE: "confirm"}


class Recovery:
    """`address`: where people reach this server, for links. Without `mail` links are made by hand only."""

    def __init__(  # noqa: PLR0913 - it brings them together
        self,
        db: Database,
        people: People,
        sessions: Sessions,
        verifier: Verifier,
        passwords: Passwords,
        clock: Clock,
        tasks: Tasks,
        *,
        address: str,
        mail: Mailer | None = None,
    ) -> None:
        self._db = db
        self._people = people
        self._sessions = sessions
        self._verifier = verifier
        self._passwords = passwords
        self._clock = clock
        self._tasks = tasks
        self._address = address.rstrip("/")
        self._site = urlsplit(address).netloc
        self._mail = mail
        self._waiting = 0
        self._forgot = Attempts(FORGOT, FORGOT_SECONDS, clock)
        self._by_user = Attempts(PER_USER, HOUR, clock)
        self._by_address = Attempts(PER_ADDRESS, HOUR, clock)

    # A forgotten password

    async def forgot(self, email: str) -> None:
        """Send a link to choose a new password, if an account has claimed this address.

        Raises `forbidden` on a server without mail, `invalid`, `rate_limited`, `busy`: none of these depends on
        whether there is such an account.
        """
        self._require_mail()
        email_login = fold_email(check_email(email))
        _count(self._forgot, email_login, "A mail was asked for this address several times. Wait a little.")
        self._in_background(self._send_reset, email_login)

    async def _send_reset(self, email_login: str) -> None:
        found = await self._db.read(emails.holder, email_login)
        if found is None:
            return
        if not self._may_send(found):
            log.warning("recovery.too_many_mails", user=found.number)
            return
        # To the address that is stored, never to what was typed: two that fold to one may be two mailboxes.
        user, token = await self._db.write(self._make_reset, email_login)
        if user is not None:
            text = mail_texts.reset(self._site, user, self._link(Purpose.RESET, token))
            self._send("reset", user.number, user.email or "", text)

    def _make_reset(self, connection: Connection, email_login: str) -> tuple[User | None, str]:
        user = emails.holder(connection, email_login)
        if user is None or user.email is None:
            return None, ""
        return user, self._make(connection, user.number, Purpose.RESET, user.email)

    async def reset(self, token: str, password: str) -> None:
        """A new password, by a link; all sessions end, and the address that the link was sent to is confirmed.

        Raises `link_invalid`; `weak_password` or `busy`, and then the link is as good as before.
        """
        hashed = hash_token(token)
        user = await self._db.read(self._holder, hashed)  # before anything is hashed: guesses cost nothing
        async with self._passwords.turn():
            password_hash = await self._passwords.choose(password, about_user(user))
        await finish(self._tasks, self._reset(hashed, password_hash), "recovery.reset")

    def _holder(self, connection: Connection, hashed: str) -> User:
        return self._good(connection, links.find(connection, hashed, self._clock.now()), Purpose.RESET)

    async def _reset(self, hashed: str, password_hash: str) -> None:
        ended, replaced = await self._db.write(self._store, hashed, password_hash)
        self._sessions.ended_all(ended)
        self._sessions.ended([password_session(replaced)])
        self._people.forget([ended.user])
        log.info("recovery.reset", user=ended.user, sessions=len(ended.ids))

    def _store(self, connection: Connection, hashed: str, password_hash: str) -> tuple[EndedAll, str]:
        """What has ended, and the hash that was replaced."""
        now = self._clock.now()
        link = links.take(connection, hashed, now)
        user = self._good(connection, link, Purpose.RESET).number
        before = accounts.credentials_of(connection, user)
        emails.set_password(connection, user, password_hash)
        if link is not None and link.email is not None:
            emails.confirm(connection, user, now)
        links.drop(connection, user)  # a change of address, too, that somebody else may have asked for
        replaced = before.password_hash if before is not None else None
        return self._sessions.write_end_all(connection, user), replaced or ""

    async def link_by_hand(self, name: str) -> tuple[User, str]:
        """For the command line: the account of that username or address, and a link for it that proves no address.

        Raises `not_found`; `forbidden` for accounts that have no password and no address of their own.
        """
        return await self._db.write(self._make_by_hand, normal_username(name), fold_email(name))

    def _make_by_hand(self, connection: Connection, username: str, email_login: str) -> tuple[User, str]:
        found = accounts.credentials(connection, username, email_login)
        if not found or not found[0].user.is_active:
            raise not_found("active account of that name")
        user = found[0].user
        if found[0].password_hash is None and not user.claims_email:
            raise Rejection("forbidden", "This account has no password: its users sign in elsewhere.")
        audit.record(
            connection, at=self._clock.now(), actor=None, via="command line", act="reset_password", user=user.number
        )
        return user, self._link(Purpose.RESET, self._make(connection, user.number, Purpose.RESET, None))

    # Addresses

    def registered(self, user: User) -> None:
        """Somebody signed up: ask them to confirm their address, if they sign in with one and mail can be sent."""
        if self._mail is None or not user.claims_email:
            return
        if self._waiting >= WAITING or not self._may_send(user) or not self._may_reach(user.shown_email):
            log.warning("recovery.no_confirmation", user=user.number)
            return
        self._in_background(self._send_confirmation, user.number)

    async def send_confirmation(self, caller: Caller) -> None:
        """Send the mail again; nothing happens when the address is confirmed.

        Raises `forbidden` without mail or without an address that is one's own, `rate_limited`, `busy`.
        """
        self._require_mail()
        user = await self._people.me(caller)
        if user.email_confirmed_at is not None:
            return
        address = await self._db.read(emails.unconfirmed, user.number)
        if address is None:
            raise Rejection("forbidden", "Your account has no email address of its own to confirm.")
        self._count_mail(user, address)
        self._in_background(self._send_confirmation, user.number)

    async def _send_confirmation(self, number: int) -> None:
        email, token = await self._db.write(self._make_confirmation, number)
        if email is not None:
            text = mail_texts.confirm(self._site, self._link(Purpose.CONFIRM, token))
            self._send("confirm", number, email, text)

    def _make_confirmation(self, connection: Connection, number: int) -> tuple[str | None, str]:
        email = emails.unconfirmed(connection, number)
        return email, "" if email is None else self._make(connection, number, Purpose.CONFIRM, email)

    async def change_email(self, caller: Caller, email: str, password: str) -> tuple[User, bool]:
        """The account, and whether it has the new address now: with mail it waits until that is confirmed by a link.

        Without mail raises `email_taken`; with it, nobody but the owner of that address is told. Raises what
        `Verifier.verify_password` does, `invalid`, `rate_limited`, `busy`.
        """
        address = check_email(email)
        found = await self._verifier.verify_password(await self._people.me(caller), password)
        if found.user.email == address and found.user.claims_email:
            return found.user, True
        self._count_mail(found.user, address)
        if self._mail is None:
            return await finish(self._tasks, self._change(found, address), "recovery.change"), True
        self._in_background(self._ask_to_change, found, address)
        return found.user, False

    async def _change(self, found: Credentials, address: str) -> User:
        user = await self._db.write(self._change_now, found, address)
        self._people.forget([user.number])
        return user

    def _change_now(self, connection: Connection, found: Credentials, address: str) -> User:
        number = self._still(connection, found)
        emails.change(connection, number, address, fold_email(address), None)
        links.drop(connection, number)
        return users.by_numbers(connection, [number])[number]

    async def _ask_to_change(self, found: Credentials, address: str) -> None:
        token = await self._db.write(self._make_change, found, address)
        number, before = found.user.number, found.user.shown_email  # never to what was only typed
        if token is None:
            self._send("taken", number, address, mail_texts.already_yours(self._site))
            return
        text = mail_texts.change(self._site, self._link(Purpose.CHANGE, token))
        self._send("change", number, address, text)
        if before:
            self._send("changing", number, before, mail_texts.changing(self._site))

    def _make_change(self, connection: Connection, found: Credentials, address: str) -> str | None:
        number = self._still(connection, found)
        if emails.is_taken(connection, fold_email(address), number):
            return None
        return self._make(connection, number, Purpose.CHANGE, address)

    @staticmethod
    def _still(connection: Connection, found: Credentials) -> int:
        """The number of the account, if nothing happened to its password since it was verified."""
        number, verified = found.user.number, found.password_hash or ""
        if not accounts.replace_password(connection, number, verified, verified):
            raise wrong_credentials()
        return number

    async def confirm(self, token: str) -> None:
        """The address that the link was sent to reaches its owner, and is from now on the account's.

        Raises `link_invalid`; `email_taken` when another account has got the address meanwhile.
        """
        await finish(self._tasks, self._confirm(hash_token(token)), "recovery.confirmed")

    async def _confirm(self, hashed: str) -> None:
        user = await self._db.write(self._store_confirmed, hashed)
        self._people.forget([user])
        log.info("recovery.confirmed", user=user)

    def _store_confirmed(self, connection: Connection, hashed: str) -> int:
        now = self._clock.now()
        link = links.take(connection, hashed, now)
        user = self._good(connection, link, Purpose.CONFIRM, Purpose.CHANGE)
        if link is not None and link.email is not None and link.purpose is Purpose.CHANGE:
            emails.change(connection, user.number, link.email, fold_email(link.email), now)
            links.drop(connection, user.number)
        else:
            emails.confirm(connection, user.number, now)
        return user.number

    # Links

    def _make(self, connection: Connection, user: int, purpose: Purpose, email: str | None) -> str:
        """The token of a new link, which replaces the one before of the same purpose."""
        token, now = new_token(), self._clock.now()
        links.replace(connection, Link(hash_token(token), user, purpose, email, now, now + LIFETIME))
        return token

    @staticmethod
    def _good(connection: Connection, link: Link | None, *purposes: Purpose) -> User:
        """Whose link it is, if it is good for one of these; else `link_invalid`, and nothing of this was done."""
        user = users.by_numbers(connection, [link.user]).get(link.user) if link else None
        if link is None or user is None or link.purpose not in purposes:
            raise link_invalid()
        if not user.is_active or user.deleted_at is not None:
            raise link_invalid()
        if link.email not in (None, user.email) and link.purpose is not Purpose.CHANGE:
            raise link_invalid()  # it was sent to an address that is not theirs any more
        return user

    def _link(self, purpose: Purpose, token: str) -> str:
        """The token stands behind `#`: browsers keep that to themselves, so that it gets into no log."""
        return f"{self._address}/auth/{_PAGES[purpose]}#token={token}"

    # Mail

    def _require_mail(self) -> None:
        if self._mail is None:
            message = "This server sends no mail. Ask those who run it: they can make you a link for a new password."
            raise Rejection("forbidden", message)

    def _in_background(self, work: Callable[P, Coroutine[Any, Any, None]], *args: P.args, **kwargs: P.kwargs) -> None:
        if self._waiting >= WAITING:
            raise Rejection("busy", "Too many ask for mails at once. Try again shortly.", retry_after=2)
        self._waiting += 1
        self._tasks.spawn(self._work(work, *args, **kwargs), "recovery")

    async def _work(self, work: Callable[P, Coroutine[Any, Any, None]], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await work(*args, **kwargs)
        except Rejection as rejection:  # too busy, or changed meanwhile: nobody waits for an answer
            log.warning("recovery.not_sent", code=rejection.code)
        finally:
            self._waiting -= 1

    def _count_mail(self, user: User, address: str) -> None:
        message = "Too many mails were asked for. Wait a little."
        _count(self._by_user, user.number, message)
        _count(self._by_address, fold_email(address), message)

    def _may_send(self, user: User) -> bool:
        return _attempt(self._by_user, user.number) == 0

    def _may_reach(self, address: str) -> bool:
        return _attempt(self._by_address, fold_email(address)) == 0

    def _send(self, kind: str, user: int, to: str, text: mail_texts.Text) -> None:
        if self._mail is not None:
            self._mail.offer(Mail(kind, user, to, *text))

    # Upkeep

    async def upkeep(self) -> None:
        """Every ten minutes: remove the links that have expired. Runs until cancelled."""
        while True:
            await self._clock.sleep(UPKEEP_SECONDS)
            try:
                await self.tidy()
            except Exception:  # a full disk today must not end the upkeep of tomorrow
                log.exception("recovery.tidy_failed")

    async def tidy(self) -> None:
        """One round of `upkeep`."""
        while await self._db.write(links.purge, self._clock.now(), SLICE) == SLICE:
            pass  # in slices: posts pass between them


def _attempt(attempts: Attempts, key: object) -> float:
    """Count one: 0.0; or the seconds until one is allowed again, and it is not counted."""
    wait = attempts.wait(key)
    if wait == 0:
        attempts.add(key)
    return wait


def _count(attempts: Attempts, key: object, message: str) -> None:
    wait = _attempt(attempts, key)
    if wait > 0:
        raise Rejection("rate_limited", message, retry_after=wait)


def link_invalid() -> Rejection:
    """The one answer for every link that is not good."""
    message = "This link is not good, or not any more: it works once, within 30 minutes. Ask for a new one."
    return Rejection("link_invalid", message)
