"""What everything else stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.composition.places import lifetimes_of
from tertulia.domain.events import RoomBatch
from tertulia.hub.hub import Hub
from tertulia.hub.repairs import Repair
from tertulia.metrics import Metrics
from tertulia.services.lease import Lease
from tertulia.services.mail import Mailer, mail_server
from tertulia.services.passwords import Passwords
from tertulia.services.tokens import Tokens
from tertulia.services.words import Words
from tertulia.settings import Settings
from tertulia.storage.database import Database
from tertulia.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Core:
    """One of each for the node."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    tasks: Tasks
    db: Database
    hub: Hub
    committer: Committer
    lease: Lease
    tokens: Tokens
    words: Words
    passwords: Passwords
    mail: Mailer | None


def build_core(settings: Settings, clock: Clock, repair: Repair, deliver: Callable[[list[RoomBatch]], None]) -> Core:
    """`repair` reads what the hub missed of a room; `deliver` is told what each transaction did."""
    metrics, tasks, db = Metrics(), Tasks(), Database(settings.database_url)
    ring, rings = settings.ring_room_kb * 1024, settings.ring_node_mb * 1024 * 1024
    return Core(
        settings=settings,
        clock=clock,
        metrics=metrics,
        tasks=tasks,
        db=db,
        hub=Hub(repair, tasks.spawn, metrics, clock, ring_bytes=ring, rings_bytes=rings),
        committer=Committer(db.writer, clock, metrics, deliver),
        lease=Lease(clock, tasks),
        tokens=_tokens(settings, clock),
        words=Words(db, clock),
        passwords=Passwords(),
        mail=_mail(settings, clock),
    )


def _tokens(settings: Settings, clock: Clock) -> Tokens:
    days, minutes = settings.refresh_token_days, settings.access_token_minutes
    longest = max((each.access for each in lifetimes_of(settings).values()), default=0)
    return Tokens(settings.secret_key.encode(), minutes * 60, days * 86_400, clock, longest_access=longest)


def _mail(settings: Settings, clock: Clock) -> Mailer | None:
    if not settings.smtp_url:
        return None
    own_name = urlsplit(settings.address).hostname or "localhost"
    return Mailer(mail_server(settings.smtp_url), settings.mail_from, own_name, clock)
