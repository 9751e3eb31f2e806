"""Change a room's settings, forget what is too old, delete a room."""

from dataclasses import replace
from typing import Any

from tertulia.domain.changes import ChangeRoom, DeleteRoom, Outcome, Trim
from tertulia.domain.decisions.state import RoomState, person
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Message, Room
from tertulia.domain.rights import Act

_RIGHTS: dict[Act, tuple[str, ...]] = {
    Act.CHANGE: ("name", "title", "description", "metadata"),
    Act.SLOW_MODE: ("slow_mode",),
    Act.ARCHIVE: ("archived",),
    Act.RETENTION: ("retention_days",),
}


def change(state: RoomState, change: ChangeRoom) -> Outcome:
    """What is given; a new title is told in the timeline, so is archiving. An archived room is opened again first."""
    given = {
        name: value for names in _RIGHTS.values() for name in names if (value := getattr(change, name)) is not None
    }
    _require(state, change.actor, given)
    if "retention_days" in given:
        given["retention_days"] = given["retention_days"] or None
    wanted = replace(state.room, **given)
    if wanted == state.room:
        return Outcome(room=state.as_it_is(), repeated=True)
    if wanted.archived and state.room.archived:
        state.require_open()
    _take_name(state, wanted)
    before, state.room = state.room, wanted
    seq = state.settings_seq = state.next_seq()
    state.note_deed("change", change.actor, change.via, **_for_audit(given))
    state.say("room", seq, settings=state.as_it_is(), message=_notice(state, change.actor, before, seq))
    return Outcome(room=state.as_it_is())


def _require(state: RoomState, actor: int | None, given: dict[str, Any]) -> None:
    """Each field has its right; without any, the one to change the room."""
    acts = [act for act, names in _RIGHTS.items() if any(name in given for name in names)]
    for act in acts or [Act.CHANGE]:
        state.require(actor, act)


def _take_name(state: RoomState, wanted: Room) -> None:
    """Names are unique where they are the room's own: nobody is told which names other private rooms have."""
    if not wanted.has_own_name or wanted.name is None:
        return
    if wanted.name != state.room.name and wanted.name in state.taken_names:
        raise name_taken()
    state.taken_names.add(wanted.name)


def name_taken() -> Rejection:
    return Rejection("name_taken", "Another room has this name. Choose another one.", field="name")


def _notice(state: RoomState, actor: int | None, before: Room, seq: int) -> Message | None:
    room = state.room
    notice: dict[str, Any]
    if room.archived != before.archived:
        notice = {"type": "archived" if room.archived else "unarchived"}
    elif room.title != before.title:
        notice = {"type": "renamed", "title": room.title}
    else:
        return None
    if actor is not None:
        notice["by"] = person(state.users[actor])
    return state.note(seq, notice)


def _for_audit(given: dict[str, Any]) -> dict[str, Any]:
    """Which fields changed, and to what, where that is short."""
    return {name: None if name in ("description", "metadata") else value for name, value in given.items()}


def trim(state: RoomState, change: Trim) -> Outcome:
    """Messages before `first_index` are gone; their rows go in slices behind. Counts stay arithmetic."""
    first = min(change.first_index, state.message_count + 1)
    if first <= state.room.first_index:
        return Outcome(room=state.as_it_is(), repeated=True)
    state.room = replace(state.room, first_index=first)
    seq = state.settings_seq = state.next_seq()
    state.say("room", seq, settings=state.as_it_is())
    return Outcome(room=state.as_it_is())


def delete(state: RoomState, change: DeleteRoom) -> Outcome:
    """Gone for all; its name is free again."""
    state.require(change.actor, Act.DELETE)
    state.note_deed("delete_room", change.actor, change.via, kind=state.room.kind.value, title=state.room.title)
    state.room = replace(state.room, deleted_at=state.time(), name=None, external_id=None)
    state.deleted = True
    return Outcome(room=state.room)
