"""Users who come with a token of the product's own backend: their accounts are made at first sight."""

from collections import OrderedDict
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.avatars import is_uploaded
from tertulia.domain.errors import Rejection
from tertulia.domain.external import Profile, foreign_session, is_cut
from tertulia.domain.ids import new_id
from tertulia.domain.models import Caller, User
from tertulia.services.finish import finish
from tertulia.services.foreign_tokens import ForeignTokens, Verified
from tertulia.services.people import People
from tertulia.services.tokens import unauthorized
from tertulia.services.words import Words
from tertulia.storage import external
from tertulia.storage.database import Database
from tertulia.storage.external import NewExternal
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

KNOWN = 50_000
"""Users whose number and newest token are remembered."""


class Foreign:
    """What claims say is written once for each token, and only if it is other than what the account says.

    `server`: its address, where uploaded pictures are.
    """

    def __init__(
        self,
        db: Database,
        tokens: ForeignTokens,
        people: People,
        words: Words,
        clock: Clock,
        tasks: Tasks,
        server: str,
    ) -> None:
        self._server = server
        self._db = db
        self._words = words
        self._tokens = tokens
        self._people = people
        self._clock = clock
        self._tasks = tasks
        self._numbers: OrderedDict[str, int] = OrderedDict()  # external_id → number
        self._newest: OrderedDict[int, int] = OrderedDict()  # number → when the newest token was made

    async def identify(self, token: str) -> Caller:
        """Whose token it is; raises `unauthorized`, `unavailable` or `busy`."""
        verified = await self._tokens.verify(token)
        user = await self._known(verified.external_id) or await self._first_seen(verified)
        if not user.is_active or user.deleted_at is not None or is_cut(verified.issued_at, user.sessions_ended_at):
            raise unauthorized()
        if not verified.is_applied:
            await self._apply(user, verified)
        return Caller(user.number, user.id, foreign_session(user.id), verified.expires_at, verified.issued_at)

    async def _known(self, external_id: str) -> User | None:
        number = self._numbers.get(external_id)
        if number is None:
            return None
        self._numbers.move_to_end(external_id)
        user = (await self._people.users([number])).get(number)
        return user if user is not None and user.external_id == external_id else None

    async def _first_seen(self, verified: Verified) -> User:
        """By this process; the account is made if it is not there. Many at once make one."""
        user = await self._db.read(external.by_external_id, verified.external_id)
        if user is None:
            user = await finish(self._tasks, self._db.write(self._create, verified), "foreign.create")
        self._numbers[verified.external_id] = user.number
        if len(self._numbers) > KNOWN:
            self._numbers.popitem(last=False)
        return user

    def _create(self, connection: Connection, verified: Verified) -> User:
        there = external.by_external_id(connection, verified.external_id)
        if there is not None:
            return there
        if is_cut(verified.issued_at, external.departed_at(connection, verified.external_id)):
            raise unauthorized()  # the account was deleted; only a token made since then brings a new one
        now, profile = self._clock.now(), self._allowed(verified.profile)
        new = NewExternal(
            id=new_id(),
            external_id=verified.external_id,
            created_at=now,
            wishes=[profile.wish] if profile.wish else [],
            first_name=profile.first_name or "",
            last_name=profile.last_name or "",
            email=profile.email,
            email_confirmed_at=now if profile.email_confirmed else None,
            avatar=profile.avatar,
        )
        user = external.create(connection, new)
        self._report(connection, user)
        return user

    # Claims that changed

    async def _apply(self, user: User, verified: Verified) -> None:
        """What the claims say of somebody who is there. It keeps nobody out: a full queue only delays it."""
        verified.is_applied = True
        profile = self._allowed(verified.profile)
        if not self._is_news(user.number, verified.issued_at) or not self._differs(user, profile):
            return
        try:
            changed = await finish(self._tasks, self._db.write(self._write, user.number, profile), "foreign.apply")
        except Rejection as rejection:
            verified.is_applied = False
            log.warning("foreign.not_applied", code=rejection.code)
            return
        if changed:
            self._people.changed([user.number])

    def _allowed(self, profile: Profile) -> Profile:
        """Without names that have a word that is refused here."""
        if not self._words.allows(f"{profile.first_name or ''} {profile.last_name or ''}"):
            profile = replace(profile, first_name=None, last_name=None)
        if profile.wish and not self._words.allows(profile.wish):
            profile = replace(profile, wish=None)
        return profile

    def _is_news(self, number: int, issued_at: int | None) -> bool:
        """Not what an older token said: two devices must not undo each other's names for ever."""
        if issued_at is None:
            return True
        if issued_at < self._newest.get(number, 0):
            return False
        self._newest[number] = issued_at
        self._newest.move_to_end(number)
        if len(self._newest) > KNOWN:
            self._newest.popitem(last=False)
        return True

    def _differs(self, user: User, profile: Profile) -> bool:
        confirmed = user.email_confirmed_at is not None
        return any(getattr(user, name) != value for name, value in self._given(user, profile).items()) or (
            profile.email is not None and confirmed != profile.email_confirmed
        )

    def _given(self, user: User | None, profile: Profile) -> dict[str, Any]:
        """What the profile says, but for the picture of a user who uploaded one: it is theirs until they remove it."""
        names = ["first_name", "last_name", "email"]
        if user is None or not is_uploaded(user.avatar, self._server):
            names.append("avatar")
        return {name: value for name in names if (value := getattr(profile, name)) is not None}

    def _write(self, connection: Connection, number: int, profile: Profile) -> bool:
        there = external.by_number(connection, number)
        given = self._given(there, profile)
        if there is not None and there.claims_email:
            given.pop("email", None)  # it is how they sign in, and theirs alone to change
        elif profile.email is not None:
            given["email_confirmed_at"] = self._confirmed_at(there, profile)
        user, changed = external.change(connection, number, given)
        if user is not None and changed & {"first_name", "last_name"}:
            self._report(connection, user)
        return bool(changed)

    def _report(self, connection: Connection, user: User) -> None:
        """Names with words that the staff want to hear of; those that are refused were left out."""
        said = (user.username, user.name)
        if all(map(self._words.allows, said)) and self._words.check(*said):
            self._words.report_within(connection, said, user.number)

    def _confirmed_at(self, there: User | None, profile: Profile) -> int | None:
        """As it is, if it was confirmed already."""
        if not profile.email_confirmed:
            return None
        same = there is not None and there.email == profile.email
        return (there.email_confirmed_at if there and same else None) or self._clock.now()
