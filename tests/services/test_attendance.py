"""Who has a socket in which room: each user once, on however many nodes (realtime dialect)."""

import pytest

from support.fanout import ROOM, Listener, join, new_hub, user
from tertulia.broker.letters import Attends
from tertulia.dialects.realtime.socket import Wire
from tertulia.services import attendance as attendance_module
from tertulia.services.attendance import Attendance
from tertulia.services.blocks import Silent

ANA, BEN, CLEO = user(1), user(2), user(3)


class Node:
    """`heard`: what somebody hears who is in the room."""

    def __init__(self, name: str, silent: Silent | None = None) -> None:
        self.name = name
        self.listener = Listener(99)
        self.listener.wire = Wire("room")  # type: ignore[assignment]
        self.hub = new_hub()
        join(self.hub, self.listener)
        self.attendance = Attendance(self.hub, {} if silent is None else silent)

    @property
    def heard(self) -> list[str]:
        signs = {"user_join": "+", "user_leave": "-"}
        return [signs[frame["type"]] + frame["username"] for _, frame in self.listener.latest]

    @property
    def there(self) -> list[str]:
        return sorted(name for _, name in self.attendance.of(ROOM, user(99)) if name != "name99")


def nodes(count: int = 2) -> list[Node]:
    """Each hears at once what the others say."""
    made = [Node(str(number)) for number in range(count)]
    for one in made:
        connect(one, *(other for other in made if other is not one))
    return made


def connect(one: Node, *others: Node) -> None:
    for other in others:
        one.attendance.on_changed(lambda letter, other=other: other.attendance.heard(one.name, letter))  # type: ignore[misc]


def say_all(one: Node, other: Node) -> None:
    for letter in one.attendance.letters():
        other.attendance.heard(one.name, letter)


def test_the_first_socket_comes_and_the_last_one_goes() -> None:
    """Rule 16."""
    here = Node("here")
    assert [here.attendance.enter(ROOM, ANA) for _ in range(3)] == [True, False, False]
    assert here.attendance.enter(8, ANA)
    for _ in range(2):
        here.attendance.leave(ROOM, 1)
    assert here.heard == ["+name1"]
    for _ in range(3):
        here.attendance.leave(ROOM, 1)
    assert here.heard == ["+name1", "-name1"]
    assert here.there == []
    assert here.attendance.of(8, BEN) == [(1, "name1"), (2, "name2")]


def test_a_user_on_two_nodes_comes_once_and_goes_once_everywhere() -> None:
    here, there, third = nodes(3)
    assert here.attendance.enter(ROOM, ANA)
    assert not there.attendance.enter(ROOM, ANA)
    assert there.attendance.enter(ROOM, BEN)
    here.attendance.leave(ROOM, 1)
    for node in (here, there, third):
        assert node.heard == ["+name1", "+name2"]
        assert node.there == ["name1", "name2"]
    there.attendance.leave(ROOM, 1)
    for node in (here, there, third):
        assert node.heard == ["+name1", "+name2", "-name1"]
        assert node.there == ["name2"]


def test_letters_may_come_twice() -> None:
    here = Node("here")
    for _ in range(2):
        here.attendance.heard("there", Attends(came=((ROOM, 1, "name1"),)))
    for _ in range(2):
        here.attendance.heard("there", Attends(gone=((ROOM, 1),)))
    assert here.heard == ["+name1", "-name1"]


def test_a_node_that_fell_silent_is_forgotten_and_one_that_speaks_again_is_known() -> None:
    here, there = nodes()
    there.attendance.enter(ROOM, ANA)
    here.attendance.enter(ROOM, BEN)
    here.attendance.forget(there.name)
    assert here.there == ["name2"]
    say_all(there, here)
    assert here.heard == ["+name1", "+name2", "-name1", "+name1"]
    assert here.there == ["name1", "name2"]
    here.attendance.forget("nobody")


@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_a_node_tells_as_a_whole_replaces_what_was_known_of_it(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance_module, "SAID_AT_ONCE", size)
    here, there = Node("here"), Node("there")
    for each in (ANA, BEN, CLEO):
        there.attendance.enter(ROOM, each)
    say_all(there, here)
    assert here.there == ["name1", "name2", "name3"]
    for number in (1, 2, 3):
        there.attendance.leave(ROOM, number)
        say_all(there, here)
    assert here.heard == ["+name1", "+name2", "+name3", "-name1", "-name2", "-name3"]


def test_of_a_whole_that_lacks_a_part_nobody_is_taken_to_be_gone() -> None:
    here = Node("here")
    here.attendance.heard("there", Attends(came=((ROOM, 1, "name1"), (ROOM, 2, "name2"))))
    here.attendance.heard("there", Attends(came=((ROOM, 1, "name1"),), part=1, parts=3))
    here.attendance.heard("there", Attends(came=((ROOM, 3, "name3"),), part=3, parts=3))
    here.attendance.heard("there", Attends(came=((ROOM, 3, "name3"),), part=2, parts=2))
    assert here.there == ["name1", "name2", "name3"]
    here.attendance.heard("there", Attends(came=((ROOM, 3, "name3"),), part=1, parts=2))
    here.attendance.heard("there", Attends(came=((ROOM, 1, "name1"),), part=2, parts=2))
    assert here.there == ["name1", "name3"]


def test_in_a_room_that_has_fallen_silent_nobody_sees_anybody() -> None:
    silent: Silent = {}
    here, there = Node("here", silent), Node("there")
    connect(here, there)
    connect(there, here)
    here.attendance.enter(ROOM, ANA)
    there.attendance.enter(ROOM, BEN)
    silent[ROOM] = {1}
    here.attendance.hush(ROOM)
    assert here.heard == ["+name1", "+name2", "-name1", "-name2"]
    assert there.heard == ["+name1", "+name2", "-name1"]
    here.attendance.enter(ROOM, CLEO)
    there.attendance.leave(ROOM, 2)
    here.attendance.leave(ROOM, 1)
    assert len(here.heard) == 4
    assert here.there == []


def test_a_list_is_bounded_and_has_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 16."""
    monkeypatch.setattr(attendance_module, "SHOWN", 2)
    here = Node("here")
    for each in (ANA, BEN, CLEO):
        here.attendance.enter(ROOM, each)
    assert here.attendance.of(ROOM, CLEO) == [(1, "name1"), (2, "name2"), (3, "name3")]
    assert here.attendance.of(ROOM, ANA) == [(1, "name1"), (2, "name2")]


def test_a_node_that_stops_does_not_tell_each_one_who_goes() -> None:
    here, there = nodes()
    here.attendance.enter(ROOM, ANA)
    here.attendance.close()
    here.attendance.leave(ROOM, 1)
    assert here.heard == ["+name1"]
    assert there.there == ["name1"]  # until it is said that nobody is there any more
