"""What a batch says to webhooks: written in its own transaction, so that nothing is told that did not happen, and
nothing that happened goes untold.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from tertulia.committer.loading import Rights
from tertulia.domain.changes import Change, CreateRoom, Edit, Outcome, Result
from tertulia.domain.decisions.state import RoomState
from tertulia.domain.events import Changed, RoomBatch
from tertulia.domain.models import Room, User
from tertulia.domain.webhooks import Told
from tertulia.protocol.webhooks import told_of
from tertulia.storage import deliveries, users

Acts = dict[tuple[int, int], Change]
"""(room, seq) → what somebody asked for that took this seq."""


def record(
    connection: Connection,
    rights: Rights,
    states: Iterable[RoomState],
    created: Sequence[RoomBatch],
    answered: Iterable[tuple[Change, Result]],
    now: int,
) -> None:
    """Queue a delivery for each webhook and each thing that it wants to be told. Without webhooks it costs nothing."""
    active = rights.webhooks(connection)
    if not active:
        return
    answered = list(answered)
    acts = _acts(answered)
    told: list[Told] = []
    for state in states:
        if state.events:
            room = state.as_it_is()
            for changed in state.events:
                told += _told(changed, room, state.users, acts, now)
    told += _first_members(connection, created, answered, now)
    deliveries.record(connection, active, told, now)


def _acts(answered: Sequence[tuple[Change, Result]]) -> Acts:
    acts: Acts = {}
    for change, result in answered:
        if isinstance(change, CreateRoom) or not isinstance(result, Outcome) or result.repeated:
            continue
        row = result.message or result.member
        if row is not None:
            acts[change.room, row.changed_seq] = change
    return acts


def _told(changed: Changed, room: Room, known: dict[int, User], acts: Acts, now: int) -> list[Told]:
    act = acts.get((changed.room, changed.seq))
    actor = None if act is None or act.actor is None else known.get(act.actor)
    return told_of(changed, room, actor, now, edited=isinstance(act, Edit))


def _first_members(
    connection: Connection, created: Sequence[RoomBatch], answered: Sequence[tuple[Change, Result]], now: int
) -> list[Told]:
    """Those with whom new rooms began."""
    made = {
        result.room.number: (result.room, change.actor)
        for change, result in answered
        if isinstance(change, CreateRoom) and isinstance(result, Outcome) and result.room and not result.repeated
    }
    by = users.by_numbers(connection, {actor for _, actor in made.values() if actor is not None}) if created else {}
    told: list[Told] = []
    for batch in created:
        room, actor = made[batch.room]
        for changed in batch.events:
            told += told_of(changed, room, by.get(actor) if actor is not None else None, now, edited=False)
    return told
