"""Signed-in devices: opened, refreshed, listed, ended; and the check of every access token.

A token says by itself whose it is and until when. What it cannot say is that its session was ended or its user
deactivated: that is held in memory for as long as such a token could live, so that checking asks no database.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.external import foreign_session, is_cut, is_foreign
from tertulia.domain.ids import new_id
from tertulia.domain.models import Caller, Session, User
from tertulia.domain.times import MINUTE, SECOND
from tertulia.protocol.resources import TokensResource
from tertulia.services.finish import finish
from tertulia.services.tokens import Lifetimes, NoAccount, NotOurs, RefreshClaims, Revoked, Tokens, unauthorized
from tertulia.storage import accounts, external, sessions, users
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

REPEAT = 10 * SECOND
"""A refresh token may be repeated for so long after it was used: its answer may have been lost."""
SHARED_REPEAT = MINUTE
"""The same for one that several hold. In this time there is no further one, so nobody can be two behind."""
PER_USER = 200
"""Open sessions of one user; signing in once more ends the one that was not used for the longest time."""
UPKEEP_SECONDS = 60.0
PURGE_EVERY = 60 * MINUTE
USED_NOTED = 50_000
CHUNK = 200

Ended = Callable[[set[str], set[int]], None]
Changed = Callable[[Collection[int]], None]
Others = Callable[[str], Awaitable[Caller]]
"""Who has a token that is not ours; raises `unauthorized` or `unavailable`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with tokens to be made (`lifetimes`: other than the usual ones), and the ids of those that had to end
    for it.
    """

    session: Session | None = None
    user_id: str = ""
    ended: list[str] = field(default_factory=list)
    lifetimes: Lifetimes | None = None


@dataclass(frozen=True, slots=True)
class EndedAll:
    """Sessions that were all ended. `user_id`: of a user who may have tokens of the product's backend."""

    user: int
    user_id: str | None
    at: int
    ids: list[str]


class Sessions:
    """Call `load` before the first `authenticate`, and let `upkeep` run."""

    def __init__(self, db: Database, tokens: Tokens, clock: Clock, tasks: Tasks, *, per_user: int = PER_USER) -> None:
        self._db = db
        self._tokens = tokens
        self._clock = clock
        self._tasks = tasks
        self._per_user = per_user
        self._ended: dict[str, int] = {}  # session id → when, as long as an access token of it may live
        self._inactive: set[int] = set()
        self._cut: dict[int, tuple[str, int]] = {}  # user → id, and when all their foreign tokens were ended; lately
        self._used: dict[str, int] = {}  # session id → when, not written yet
        self._callbacks: list[Ended] = []
        self._changed: list[Changed] = []
        self._ended_here: list[Callable[[], None]] = []
        self._others: Others | None = None
        self._purged_at = self._looked_at = 0

    def on_ended(self, callback: Ended) -> None:
        """`callback(session ids, numbers of deactivated users)` is called when they have just ended."""
        self._callbacks.append(callback)

    def on_changed(self, callback: Changed) -> None:
        """`callback(numbers)` is called when the rows of users were changed here, before `on_ended` hears of it."""
        self._changed.append(callback)

    def on_ended_here(self, callback: Callable[[], None]) -> None:
        """`callback()` is called when this process has ended sessions, or changed who may have any."""
        self._ended_here.append(callback)

    def accept(self, others: Others) -> None:
        """Ask `others` about tokens that this server did not sign."""
        self._others = others

    # Checking

    async def identify(self, token: str) -> Caller:
        """Whose access token this is, ours or of the product's backend; raises `unauthorized` or `unavailable`.

        For our own nothing is waited for. No await lies between the check and the return.
        """
        try:
            return self.authenticate(token)
        except NotOurs:
            if self._others is None:
                raise unauthorized() from None
        caller = await self._others(token)
        if not self.is_open(caller):
            raise unauthorized()
        return caller

    def authenticate(self, access: str) -> Caller:
        """Whose access token this is; raises `unauthorized`."""
        return self._open_caller(self._tokens.access(access))

    def _open_caller(self, caller: Caller) -> Caller:
        """The caller, whose session was used just now; raises `unauthorized` when it has ended."""
        if not self.is_open(caller):
            raise unauthorized()
        if caller.session in self._used or len(self._used) < USED_NOTED:
            self._used[caller.session] = self._clock.now()
        return caller

    async def owner_of(self, access: str) -> User | None:
        """Whom an access token of ours names, active or not, deleted or not; None: no such row.

        For one that was refused, to say why. Raises `unauthorized` for what is none, as `NotOurs`, `WrongKind` or
        `Expired` if it is that.
        """
        return await self._db.read(users.by_id, self._tokens.access(access).user_id)

    async def holder(self, refresh_token: str) -> Caller:
        """Who has this refresh token, for what is kept in a cookie; until the session expires.

        Raises `unauthorized`: as `refresh_once` does.
        """
        return (await self._held(refresh_token))[0]

    async def _held(self, refresh_token: str) -> tuple[Caller, Session]:
        claims = self._tokens.refresh(refresh_token)
        session, user = await self._db.read(self._of_claims, claims)
        return self._open_caller(Caller(user.number, user.id, session.id, session.expires_at)), session

    def _of_claims(self, connection: Connection, claims: RefreshClaims) -> tuple[Session, User]:
        return _newest(sessions.with_user(connection, claims.session), claims)

    def is_open(self, caller: Caller) -> bool:
        """Whether neither the session was ended nor the user deactivated."""
        if caller.session in self._ended or caller.user in self._inactive:
            return False
        cut = self._cut.get(caller.user)
        return cut is None or not is_foreign(caller) or not is_cut(caller.issued_at, cut[1])

    async def load(self) -> None:
        """Learn what was ended; callbacks hear nothing of it."""
        self._looked_at = self._clock.now()
        self._ended, self._inactive, self._cut = await self._db.read(self._known, self._horizon())

    async def catch_up(self) -> None:
        """Learn what another process ended since; their clocks may be a minute apart."""
        since, now = max(self._horizon(), self._looked_at - MINUTE), self._clock.now()
        ended, inactive, cut = await self._db.read(self._known, since)
        self._looked_at = now
        new_ended, new_inactive = ended.keys() - self._ended.keys(), inactive - self._inactive
        new_cut = [number for number, (_, at) in cut.items() if at > self._cut.get(number, ("", 0))[1]]
        self._ended |= ended
        self._inactive = inactive
        self._cut |= {number: cut[number] for number in new_cut}
        self._tell(new_ended | {foreign_session(cut[number][0]) for number in new_cut}, new_inactive)

    def _known(self, connection: Connection, since: int) -> tuple[dict[str, int], set[int], dict[int, tuple[str, int]]]:
        return (
            sessions.ended_since(connection, since),
            accounts.inactive(connection),
            external.ended_since(connection, since),
        )

    def _horizon(self) -> int:
        """An access token of a session that was ended before this time has expired."""
        return self._clock.now() - self._tokens.longest_access * SECOND - MINUTE

    # Opening and refreshing

    def open(
        self, connection: Connection, user: User, device: str, address: str, lifetimes: Lifetimes | None = None
    ) -> Opened:
        """A new session, within the caller's transaction; give it to `opened` when that has committed.

        `lifetimes`: of its tokens, other than the usual ones, until it is refreshed.
        """
        now = self._clock.now()
        values = {
            "id": new_id(),
            "user": user.number,
            "device": device,
            "address": address,
            "created_at": now,
            "expires_at": self._expiry(now, lifetimes),
        }
        ended = sessions.end_oldest(connection, user.number, now, self._per_user - 1)
        return Opened(sessions.create(connection, values), user.id, ended, lifetimes)

    def _expiry(self, now: int, lifetimes: Lifetimes | None) -> int:
        return now + (self._tokens.refresh_seconds if lifetimes is None else lifetimes.refresh) * SECOND

    def opened(self, opened: Opened) -> TokensResource:
        """The tokens of a session; call it after the commit."""
        self.ended(opened.ended)
        if opened.session is None:
            raise unauthorized()
        return self._tokens.pair(opened.session, opened.user_id, opened.lifetimes)

    async def refresh(self, token: str, address: str) -> TokensResource:
        """A new pair for a refresh token, which is used up by that; repeated within 10 s, the same pair.

        Raises `unauthorized`, or `token_reused`, and then the session has ended: two have its tokens.
        """
        return self.opened(await self._refreshed(token, address, None))

    async def refresh_shared(self, token: str, address: str) -> TokensResource:
        """`refresh` for a token that several hold, such as the tabs of a browser, whose requests overtake each other.

        For a minute after a refresh the token of before and the new one both get the new pair, and nothing is used up.
        """
        # Never so long that the access token, which is given again, has little of its life left.
        calm = min(SHARED_REPEAT, self._tokens.access_seconds * SECOND // 4)
        refreshed = await self._refreshed(token, address, calm)
        pair = self.opened(refreshed)
        assert refreshed.session is not None
        age = self._clock.now() // SECOND - refreshed.session.rotated_at // SECOND
        return {**pair, "expires_in": pair["expires_in"] - max(0, age)}

    async def refresh_once(self, token: str, address: str, lifetimes: Lifetimes) -> tuple[int, TokensResource]:
        """The user's number and a new pair for a refresh token that is dead from then on.

        Nobody gets the same pair again, and nothing ends when it is tried: the devices of these clients share a token.
        Raises `unauthorized`, of the class `Revoked` if the token was used or its session has ended, `NoAccount`,
        `WrongKind` or `Expired`.
        """
        claims = self._tokens.refresh(token)
        renewed = self._db.write(self._rotate_once, claims, address, lifetimes)
        user, opened = await finish(self._tasks, renewed, "sessions.refresh")
        return user, self.opened(opened)

    def _rotate_once(
        self, connection: Connection, claims: RefreshClaims, address: str, lifetimes: Lifetimes
    ) -> tuple[int, Opened]:
        now = self._clock.now()
        sessions.lock(connection, claims.session)
        session, user = _newest(sessions.with_user(connection, claims.session), claims)
        rotated = sessions.rotate(connection, session, now, self._expiry(now, lifetimes), address)
        return user.number, Opened(rotated, user.id, lifetimes=lifetimes)

    async def fresh_access(self, refresh_token: str, lifetimes: Lifetimes) -> str:
        """An access token for a refresh token that stays good, as it is, until its session expires.

        Raises `unauthorized`: as `refresh_once` does.
        """
        caller, session = await self._held(refresh_token)
        return self._tokens.fresh_access(session, caller.user_id, lifetimes)

    @property
    def refresh_seconds(self) -> int:
        """How long a refresh token is good."""
        return self._tokens.refresh_seconds

    async def _refreshed(self, token: str, address: str, calm: int | None) -> Opened:
        claims = self._tokens.refresh(token)
        refreshed = await finish(self._tasks, self._refresh(claims, address, calm), "sessions.refresh")
        if refreshed.ended:
            raise Rejection("token_reused", "This refresh token was used before, so its session was ended: sign in.")
        return refreshed

    async def _refresh(self, claims: RefreshClaims, address: str, calm: int | None) -> Opened:
        refreshed = await self._db.write(self._rotate, claims, address, calm)
        self.ended(refreshed.ended)
        return refreshed

    def _rotate(self, connection: Connection, claims: RefreshClaims, address: str, calm: int | None) -> Opened:
        """`calm`: for so long after a rotation there is none, and both generations get the new one's pair."""
        now = self._clock.now()
        session = sessions.lock(connection, claims.session)
        if session is None or session.revoked_at is not None or session.expires_at <= now:
            return Opened()
        user = users.by_numbers(connection, [session.user]).get(session.user)
        age = session.generation - claims.generation
        if user is None or not user.is_active or age < 0:  # age < 0: from a history that this database has not seen
            return Opened()
        since = now - session.rotated_at
        if age == 0 and calm is not None and since <= calm:
            return Opened(session, user.id)
        if age == 0:
            return Opened(sessions.rotate(connection, session, now, self._expiry(now, None), address), user.id)
        if age == 1 and since <= (REPEAT if calm is None else calm):
            return Opened(session, user.id)
        return Opened(ended=sessions.end(connection, session.user, session.id, now))

    # Listing and ending

    async def of(self, user: int) -> list[Session]:
        """The user's open sessions, last used first; at most `PER_USER`."""
        found = await self._db.read(sessions.open_of, user, self._clock.now(), self._per_user)
        return [replace(one, last_used_at=max(one.last_used_at, self._used.get(one.id, 0))) for one in found]

    async def end(self, user: int, session_id: str) -> None:
        """End one session of the user; `not_found` when it is not theirs or has ended."""
        if not await self._end(sessions.end, user, session_id, self._clock.now()):
            raise not_found("session")

    async def leave(self, caller: Caller) -> None:
        """End the caller's own session; nothing happens when it has just ended.

        A token of the product's backend has none: what ends there, the product ends.
        """
        if is_foreign(caller):
            return
        await self._end(sessions.end, caller.user, caller.session, self._clock.now())

    async def leave_by(self, token: str) -> None:
        """End the session of a refresh token, whether it was used up or not.

        Raises `unauthorized`, of the class `Revoked` when it has ended already, `WrongKind` or `Expired`.
        """
        await self._end(self._end_of, self._tokens.refresh(token), self._clock.now())

    def is_of(self, caller: Caller, token: str) -> bool:
        """Whether this refresh token is of the caller's session; false for one that is not good."""
        try:
            return self._tokens.refresh(token).session == caller.session
        except Rejection:
            return False

    def _end_of(self, connection: Connection, claims: RefreshClaims, at: int) -> list[str]:
        session = sessions.lock(connection, claims.session)
        if session is None or claims.generation > session.generation:  # of a history that this database has not seen
            raise unauthorized()
        if session.revoked_at is not None:
            raise Revoked
        return sessions.end(connection, session.user, session.id, at)

    async def end_all(self, user: int) -> None:
        """End all sessions of the user; tokens of the product's backend made up to this second are refused, too."""
        await finish(self._tasks, self._end_all(user), "sessions.end_all")

    async def _end_all(self, user: int) -> None:
        self.ended_all(await self._db.write(self.write_end_all, user))

    def write_end_all(self, connection: Connection, user: int) -> EndedAll:
        """`end_all` within the caller's transaction; give it to `ended_all` when that has committed."""
        now = self._clock.now()
        user_id = external.end_sessions(connection, user, now)
        return EndedAll(user, user_id, now, sessions.end_all(connection, user, now))

    def ended_all(self, ended: EndedAll) -> None:
        """All of a user's sessions have ended, committed."""
        for callback in self._changed:
            callback([ended.user])
        if ended.user_id is not None:
            self._cut[ended.user] = (ended.user_id, ended.at)
            self._tell_here({foreign_session(ended.user_id)}, set())
        self.ended(ended.ids)

    def set_active(self, user: int, *, active: bool) -> None:
        """The user was activated or deactivated, committed."""
        if active and user in self._inactive:
            self._inactive.discard(user)
            self._tell_here(set(), set())
        elif not active and user not in self._inactive:
            self._inactive.add(user)
            self._tell_here(set(), {user})

    async def _end(self, job: Callable[..., list[str]], *args: object) -> list[str]:
        async def work() -> list[str]:
            ended = await self._db.write(job, *args)
            self.ended(ended)
            return ended

        return await finish(self._tasks, work(), "sessions.end")

    def ended(self, ids: Iterable[str]) -> None:
        """These sessions have ended, committed: refuse their tokens and close their sockets."""
        new = set(ids) - self._ended.keys()
        self._ended |= dict.fromkeys(new, self._clock.now())
        if new:
            self._tell_here(new, set())

    def _tell_here(self, ended: set[str], inactive: set[int]) -> None:
        self._tell(ended, inactive)
        for callback in self._ended_here:
            callback()

    def _tell(self, ended: set[str], inactive: set[int]) -> None:
        if ended or inactive:
            for callback in self._callbacks:
                callback(ended, inactive)

    # Upkeep

    async def upkeep(self) -> None:
        """Every minute: note when sessions were used, forget and remove what nobody needs. Runs until cancelled."""
        while True:
            await self._clock.sleep(UPKEEP_SECONDS)
            try:
                await self.tidy()
            except Exception:  # a full disk today must not end the upkeep of tomorrow
                log.exception("sessions.tidy_failed")

    async def tidy(self) -> None:
        """One round of `upkeep`."""
        horizon = self._horizon()
        self._ended = {id_: at for id_, at in self._ended.items() if at > horizon}
        self._cut = {number: cut for number, cut in self._cut.items() if cut[1] > horizon}
        used, self._used = list(self._used.items()), {}
        for start in range(0, len(used), CHUNK):  # small transactions: posts pass between them
            await self._db.write(sessions.touch, used[start : start + CHUNK])
        if self._clock.now() - self._purged_at >= PURGE_EVERY:
            self._purged_at = self._clock.now()
            await self._purge(horizon)

    async def _purge(self, before: int) -> None:
        while old := await self._db.read(sessions.old, before, CHUNK):
            await self._db.write(sessions.remove, old)


def _newest(found: tuple[Session, User] | None, claims: RefreshClaims) -> tuple[Session, User]:
    """`found`, if the claims are those of the newest refresh token of this open session; raises `unauthorized`, of the
    class `Revoked` if the token was good once, `NoAccount` if its user is not active any more.
    """
    if found is None or claims.generation > found[0].generation:
        raise unauthorized()
    if not found[1].is_active:
        raise NoAccount
    if found[0].revoked_at is not None or claims.generation < found[0].generation:
        raise Revoked
    return found
