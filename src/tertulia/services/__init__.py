"""Use cases, one module for each noun; the rules of who may do what stand here and in domain, and nowhere else."""

from dataclasses import dataclass

from tertulia.services.access import RoomNumbers
from tertulia.services.accounts import Accounts
from tertulia.services.history import History
from tertulia.services.members import Members
from tertulia.services.messages import Messages
from tertulia.services.presence import Presence
from tertulia.services.receipts import Receipts
from tertulia.services.rooms import Rooms
from tertulia.services.sessions import Sessions
from tertulia.services.typing import Typing


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges call."""

    accounts: Accounts
    sessions: Sessions
    history: History
    numbers: RoomNumbers
    rooms: Rooms
    members: Members
    messages: Messages
    receipts: Receipts
    typing: Typing
    presence: Presence
