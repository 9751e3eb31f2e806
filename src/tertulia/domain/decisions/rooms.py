"""Change a room's settings, delete a room."""

from dataclasses import replace

from tertulia.domain.changes import ChangeRoom, DeleteRoom, Outcome
from tertulia.domain.decisions.state import RoomState, person
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind


def change(state: RoomState, change: ChangeRoom) -> Outcome:
    """New name, title or description; a new title is told in the timeline."""
    state.require_owner(change.actor)
    room = state.room
    wanted = replace(
        room,
        name=room.name if change.name is None else change.name,
        title=room.title if change.title is None else change.title,
        description=room.description if change.description is None else change.description,
    )
    if wanted == room:
        return Outcome(room=state.as_it_is(), repeated=True)
    public = room.kind is RoomKind.PUBLIC  # nobody is told which names private rooms have
    if public and wanted.name != room.name and wanted.name in state.taken_names:
        raise Rejection("name_taken", "Another room has this name. Choose another one.", field="name")
    if public and wanted.name is not None:
        state.taken_names.add(wanted.name)
    state.room = wanted
    seq = state.settings_seq = state.next_seq()
    notice = None
    if wanted.title != room.title:
        by = person(state.users[change.actor])
        notice = state.note(seq, {"type": "renamed", "title": wanted.title, "by": by})
    state.say("room", seq, settings=state.as_it_is(), message=notice)
    return Outcome(room=state.as_it_is())


def delete(state: RoomState, change: DeleteRoom) -> Outcome:
    """Gone for all; its name is free again."""
    state.require_owner(change.actor)
    state.room = replace(state.room, deleted_at=state.time(), name=None, external_id=None)
    state.deleted = True
    return Outcome(room=state.room)
