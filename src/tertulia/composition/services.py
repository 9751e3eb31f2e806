"""The services, each with what it stands on: who comes in, then what they hear of each other, then what they do."""

from dataclasses import dataclass

from tertulia.composition.core import Core
from tertulia.domain.buckets import Buckets
from tertulia.services import Services
from tertulia.services.access import RoomNumbers
from tertulia.services.accounts import Accounts
from tertulia.services.api_keys import ApiKeys
from tertulia.services.attendance import Attendance
from tertulia.services.avatars import Avatars
from tertulia.services.blocks import Blocks, Silent
from tertulia.services.calls import Calls
from tertulia.services.deliveries import Deliveries, Rules
from tertulia.services.erasure import Erasure
from tertulia.services.export import Export
from tertulia.services.foreign import Foreign
from tertulia.services.foreign_tokens import ForeignTokens, Keys, Secret
from tertulia.services.history import History
from tertulia.services.invites import Invites
from tertulia.services.jwks import Jwks
from tertulia.services.lookup import Lookup
from tertulia.services.members import Members
from tertulia.services.membership import Membership
from tertulia.services.messages import Messages
from tertulia.services.pace import Pace
from tertulia.services.people import People
from tertulia.services.policy import Makers, Policy, Reach, Registration
from tertulia.services.presence import Presence
from tertulia.services.receipts import Receipts
from tertulia.services.recovery import Recovery
from tertulia.services.reports import Reports
from tertulia.services.rooms import Rooms
from tertulia.services.server_rooms import ServerRooms
from tertulia.services.server_users import ServerUsers
from tertulia.services.sessions import Sessions
from tertulia.services.staff import Staff
from tertulia.services.targets import Targets
from tertulia.services.typing import Typing
from tertulia.services.verifier import Verifier
from tertulia.services.voice import Voices
from tertulia.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Composed:
    """The services, and what runs beside them and no edge calls. `jwks`: public keys of the product's own tokens, if
    it has any.
    """

    services: Services
    deliveries: Deliveries
    jwks: Jwks | None


def build_services(core: Core) -> Composed:
    """All of them. Those that must hear of each other are told so here."""
    settings, db, hub, clock, tasks = core.settings, core.db, core.hub, core.clock, core.tasks
    committer, words, passwords, large = core.committer, core.words, core.passwords, core.settings.large_room
    numbers, policy = RoomNumbers(db), _policy(core)
    silent: Silent = {}
    posts = _pace(core, "You post too fast. Wait a moment.")
    pace = _pace(core, "You change things too fast. Wait a moment.")

    sessions = Sessions(db, core.tokens, clock, tasks)
    people = People(db, sessions, tasks, policy=policy)
    verifier = Verifier(db, sessions, passwords, clock, tasks, guesses=settings.password_attempts)
    accounts = Accounts(db, people, sessions, verifier, passwords, clock, tasks, policy=policy, words=words)
    recovery = Recovery(
        db, people, sessions, verifier, passwords, clock, tasks, address=settings.address, mail=core.mail
    )
    invites = Invites(db, committer, clock, pace)
    people.on_changed(committer.forget_users)
    accounts.on_registered(recovery.registered)
    accounts.on_invited(invites.arrived)

    presence = Presence(hub, db, clock, large=large, silent=silent)
    typing = Typing(hub, clock, large=large, silent=silent)
    receipts = Receipts(db, hub, clock, large=large, silent=silent)
    voices = Voices(db, typing, clock)
    attendance = Attendance(hub, silent)
    blocks = Blocks(db, hub, presence, pace, policy, clock, silent, tasks=tasks)
    blocks.on_changed(voices.blocks_changed)
    blocks.on_silenced(attendance.hush)

    rooms = Rooms(db, committer, numbers, pace, policy, words, tasks, large=large)
    messages = Messages(db, committer, numbers, posts, pace, words)
    avatars = Avatars(db, people, pace, clock, tasks, settings.address, settings.max_avatar_kb * 1024)
    calls = Calls(Targets(settings.webhook_allowed_networks), clock)
    deliveries = _deliveries(core, calls, presence)
    services = Services(
        accounts=accounts,
        people=people,
        sessions=sessions,
        verifier=verifier,
        recovery=recovery,
        history=History(db, clock),
        numbers=numbers,
        rooms=rooms,
        members=Members(db, committer, numbers, pace, policy, clock, large=large),
        messages=messages,
        receipts=receipts,
        typing=typing,
        voices=voices,
        membership=Membership(db, hub, receipts, pace),
        blocks=blocks,
        presence=presence,
        attendance=attendance,
        erasure=Erasure(db, committer, people, sessions, verifier, clock, tasks),
        export=Export(db, people, avatars, sessions, rooms, clock),
        webhooks=Webhooks(db, calls, clock, forget=committer.forget_webhooks, refresh=deliveries.refresh),
        words=words,
        invites=invites,
        reports=Reports(db, committer, people, policy, clock, pace),
        staff=Staff(db, people, sessions, clock, tasks),
        keys=ApiKeys(db, clock),
        server_rooms=ServerRooms(db, committer, words, rooms, messages),
        server_users=ServerUsers(db, people, sessions, words, clock, tasks),
        lease=core.lease,
        lookup=Lookup(db, numbers),
        avatars=avatars,
    )
    return Composed(services, deliveries, _accept_foreign(core, sessions, people))


def _pace(core: Core, message: str) -> Pace:
    return Pace(Buckets(core.settings.post_rate, core.settings.post_burst, core.clock), message)


def _policy(core: Core) -> Policy:
    settings = core.settings
    return Policy(
        core.db,
        registration=Registration(settings.registration),
        public_rooms=Makers(settings.public_rooms),
        direct_rooms=Reach(settings.direct_rooms),
        find_people=Reach(settings.find_people),
    )


def _deliveries(core: Core, calls: Calls, presence: Presence) -> Deliveries:
    settings = core.settings
    rules = Rules(attempts=settings.webhook_attempts, waiting=settings.webhook_queue)
    deliveries = Deliveries(core.db, calls, core.clock, core.tasks, core.metrics, rules, presence.is_there)
    deliveries.on_disable(core.committer.forget_webhooks)
    return deliveries


def _accept_foreign(core: Core, sessions: Sessions, people: People) -> Jwks | None:
    """Tokens of the product's own backend count, too, if the settings say how to check them."""
    settings, clock = core.settings, core.clock
    jwks: Jwks | None = None
    keys: Keys | None = None
    if settings.jwks_url:
        keys = jwks = Jwks(settings.jwks_url, settings.jwt_algorithm, clock, core.tasks)
    elif settings.jwt_secret:
        keys = Secret(settings.jwt_secret.encode())
    if keys is not None:
        tokens = ForeignTokens(keys, clock, issuer=settings.jwt_issuer, audience=settings.jwt_audience)
        foreign = Foreign(core.db, tokens, people, core.words, clock, core.tasks, settings.address)
        sessions.accept(foreign.identify)
    return jwks
