"""The audit log: who did what to whom, of all that staff, moderators and the server itself do."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """`actor` and `user` (whom it is about) are numbers; `via`: user, key NAME, command line, server."""

    number: int
    at: int
    actor: int | None
    via: str
    act: str
    room: int | None
    room_id: str | None
    user: int | None
    details: dict[str, Any] | None
