"""Use cases, one module for each noun; the rules of who may do what stand here and in domain, and nowhere else."""

from dataclasses import dataclass

from tertulia.services.access import RoomNumbers
from tertulia.services.accounts import Accounts
from tertulia.services.api_keys import ApiKeys
from tertulia.services.attendance import Attendance
from tertulia.services.avatars import Avatars
from tertulia.services.blocks import Blocks
from tertulia.services.erasure import Erasure
from tertulia.services.export import Export
from tertulia.services.history import History
from tertulia.services.invites import Invites
from tertulia.services.lease import Lease
from tertulia.services.lookup import Lookup
from tertulia.services.members import Members
from tertulia.services.membership import Membership
from tertulia.services.messages import Messages
from tertulia.services.people import People
from tertulia.services.presence import Presence
from tertulia.services.receipts import Receipts
from tertulia.services.recovery import Recovery
from tertulia.services.reports import Reports
from tertulia.services.rooms import Rooms
from tertulia.services.server_rooms import ServerRooms
from tertulia.services.server_users import ServerUsers
from tertulia.services.sessions import Sessions
from tertulia.services.staff import Staff
from tertulia.services.typing import Typing
from tertulia.services.verifier import Verifier
from tertulia.services.voice import Voices
from tertulia.services.webhooks import Webhooks
from tertulia.services.words import Words


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges call."""

    accounts: Accounts
    people: People
    sessions: Sessions
    verifier: Verifier
    history: History
    numbers: RoomNumbers
    rooms: Rooms
    members: Members
    messages: Messages
    receipts: Receipts
    typing: Typing
    voices: Voices
    membership: Membership
    blocks: Blocks
    presence: Presence
    attendance: Attendance
    erasure: Erasure
    export: Export
    webhooks: Webhooks
    recovery: Recovery
    keys: ApiKeys
    server_users: ServerUsers
    server_rooms: ServerRooms
    words: Words
    invites: Invites
    reports: Reports
    staff: Staff
    lease: Lease
    lookup: Lookup
    avatars: Avatars
