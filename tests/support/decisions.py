"""A room under its lock, made by hand: for decisions, which need no database."""

from dataclasses import replace

from tertulia.domain.changes import Outcome, RoomChange
from tertulia.domain.decisions import decide
from tertulia.domain.decisions.state import RoomState
from tertulia.domain.errors import Rejection
from tertulia.domain.mentions import Names
from tertulia.domain.models import Member, Message, Role, Room, RoomKind, User

ROOM = 1
ANN, BOB, EVE, OUT = 1, 2, 3, 4
"""Ann is the owner, Bob and Eve are members, OUT has an account only."""

NAMES = {ANN: "ann", BOB: "bob", EVE: "eve", OUT: "out"}
NOW = 1_000


def user(number: int) -> User:
    return User(number, f"id-{number}", NAMES.get(number, f"user{number}"))


def room_state(kind: RoomKind = RoomKind.PUBLIC, *, more: int = 0, owner: int | None = ANN) -> RoomState:
    """A room with its people at seq 3; `more` people without an account's details, who are loaded as users."""
    room = Room(ROOM, "room-1", kind, "name", "Title", "", owner, 3, 0, 1, 3, 1, 0, 0, member_count=3, direct_key=None)
    members = {
        number: Member(ROOM, number, Role.OWNER if number == owner else Role.MEMBER, 0, 0, number, None, number)
        for number in (ANN, BOB, EVE)
    }
    people = {number: user(number) for number in (*NAMES, *range(100, 100 + more))}
    members |= {n: Member(ROOM, n, Role.MEMBER, 0, 0, n, None, 3) for n in range(100, 100 + more)}
    names = Names(people[number] for number in (ANN, BOB, EVE))
    return RoomState(room, NOW, members=members, users=people, names=names)


def with_roles(state: RoomState, **roles: Role) -> RoomState:
    """People by username."""
    for number, name in NAMES.items():
        if name in roles:
            state.members[number] = replace(state.members[number], role=roles[name])
    return state


def done(state: RoomState, *changes: RoomChange) -> list[Outcome]:
    """What comes of them, one after the other; none may be refused."""
    return [decide(state, change) for change in changes]


def message_of(outcome: Outcome) -> Message:
    assert outcome.message is not None
    return outcome.message


def refusal(state: RoomState, change: RoomChange) -> str:
    """The code; the state must not have changed."""
    before = repr(state)
    try:
        decide(state, change)
    except Rejection as rejection:
        assert repr(state) == before, "a refused change left something behind"
        return rejection.code
    raise AssertionError(f"{change} was accepted")
