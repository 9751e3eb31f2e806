"""How the product's backend names a user or a room: by our id (a UUID), or as `external:` and its own id."""

from sqlalchemy import Connection

from tertulia.domain.errors import not_found
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Room, User
from tertulia.storage import external, rooms, users

EXTERNAL = "external:"


def external_id_of(ref: str) -> str | None:
    """The backend's own id; None: it is one of ours."""
    return ref.removeprefix(EXTERNAL) if ref.startswith(EXTERNAL) else None


def user_of(connection: Connection, ref: str) -> User:
    """The user, active or not; `not_found` when there is none (any more)."""
    wanted = external_id_of(ref)
    if wanted is not None:
        user = external.by_external_id(connection, wanted)
    else:
        own = canonical_id(ref)
        user = users.by_id(connection, own) if own else None
    if user is None or user.deleted_at is not None:
        raise not_found("user")
    return user


def room_of(connection: Connection, ref: str) -> Room:
    """The room; `not_found` when there is none."""
    wanted = external_id_of(ref)
    if wanted is not None:
        room = rooms.by_external_id(connection, wanted)
    else:
        own = canonical_id(ref)
        room = rooms.by_id(connection, own) if own else None
    if room is None:
        raise not_found("room")
    return room
