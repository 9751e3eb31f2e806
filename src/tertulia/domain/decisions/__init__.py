"""Who may do what, and what comes of it: decided on loaded, locked state, item by item, in order.

Pure: no I/O, no clock. `decide` raises `Rejection` before it has changed anything, or changes the state and returns.
"""

from collections.abc import Callable
from typing import Any

from tertulia.domain import changes
from tertulia.domain.changes import Outcome, RoomChange
from tertulia.domain.decisions import members, messages, roles, rooms
from tertulia.domain.decisions.state import RoomState
from tertulia.domain.errors import not_found

_DECISIONS: dict[type, Callable[[RoomState, Any], Outcome]] = {
    changes.Post: messages.post,
    changes.Edit: messages.edit,
    changes.Delete: messages.delete,
    changes.React: messages.react,
    changes.Pin: messages.pin,
    changes.Join: members.join,
    changes.Leave: members.leave,
    changes.AddMember: members.add,
    changes.RemoveMember: members.remove,
    changes.Ban: members.ban,
    changes.Unban: members.unban,
    changes.Depart: members.depart,
    changes.Mute: roles.mute,
    changes.SetRole: roles.set_role,
    changes.Transfer: roles.transfer,
    changes.ChangeRoom: rooms.change,
    changes.Trim: rooms.trim,
    changes.DeleteRoom: rooms.delete,
}


def decide(state: RoomState, change: RoomChange) -> Outcome:
    """What comes of `change`; an earlier change of the same state counts for a later one."""
    if state.deleted:
        raise not_found("room")
    return _DECISIONS[type(change)](state, change)
