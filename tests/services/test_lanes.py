from tertulia.services.lanes import Lanes


def test_rooms_take_turns_and_each_has_one_under_way() -> None:
    lanes = Lanes()
    for room in (1, 2, 3, 1, None):
        lanes.add(room)
    assert lanes.take(2, 0) == [1, 2]
    lanes.add(1)
    assert lanes.take(5, 0) == [3, None]
    assert lanes.take(5, 0) == []
    lanes.back(1)
    assert lanes.take(5, 0) == [1]


def test_who_waits_comes_when_their_time_has_come_and_not_because_of_more() -> None:
    lanes = Lanes()
    lanes.add(1)
    lanes.take(1, 0)
    lanes.wait(1, 10)
    lanes.add(1)
    assert lanes.take(1, 9.9) == []
    assert lanes.take(1, 10) == [1]
    assert lanes.has_waited(1)
    lanes.back(1)
    assert not lanes.has_waited(1)


def test_what_is_forgotten_can_come_again() -> None:
    lanes = Lanes()
    lanes.add(1)
    lanes.take(1, 0)
    lanes.forget(1)
    assert lanes.take(1, 0) == []
    lanes.add(1)
    assert lanes.take(1, 0) == [1]


def test_starting_over_leaves_what_is_under_way() -> None:
    lanes = Lanes()
    lanes.add(1)
    lanes.add(2)
    lanes.take(1, 0)
    lanes.restart({1, 3})
    assert lanes.take(5, 0) == [3]
    assert lanes.under_way == 2
    lanes.back(1)
    assert lanes.take(5, 0) == [1]
