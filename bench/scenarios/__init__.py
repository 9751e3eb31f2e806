"""What can be measured, by name, in the order of the table."""

from collections.abc import Callable

from figures import Line

from scenarios.comeback import comeback
from scenarios.dialects import dialects
from scenarios.flat import flat
from scenarios.history import history
from scenarios.idle import idle
from scenarios.live import one_room, one_to_one, pairs
from scenarios.peers import compared
from scenarios.postgres import on_postgresql
from scenarios.run import Run

__all__ = ["SCENARIOS", "Run"]

SCENARIOS: dict[str, Callable[[Run], list[Line]]] = {
    "one-room": one_room,
    "pairs": pairs,
    "one-to-one": one_to_one,
    "idle": idle,
    "comeback": comeback,
    "history": history,
    "flat": flat,
    "dialects": dialects,
    "postgresql": on_postgresql,
    "peers": compared,
}
