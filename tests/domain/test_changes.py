from tertulia.domain.changes import CreateRoom, Edit, Post
from tertulia.domain.models import RoomKind


def test_a_post_has_its_id_before_the_first_attempt() -> None:
    """Rule 3: so that a repeated attempt finds it."""
    assert Post(1, 1, "x").id != Post(1, 1, "x").id


def test_who_may_be_mentioned_is_found_when_the_change_is_made() -> None:
    """On the event loop, and not under the lock."""
    assert Post(1, 1, "@ann and @bob").names == Edit(1, 1, 1, "@ann and @bob").names == ("ann", "bob")
    assert Post(1, 1, "nobody").names == ()


def test_people_of_a_new_room_are_each_named_once_the_maker_first() -> None:
    assert CreateRoom(1, RoomKind.PRIVATE, members=(2, 1, 3, 2)).people == (1, 2, 3)
    assert CreateRoom(1, RoomKind.DIRECT, partner=2).people == (1, 2)
    assert CreateRoom(None, RoomKind.PUBLIC).people == ()


def test_the_key_of_a_direct_room_is_the_same_for_both() -> None:
    one = CreateRoom(10, RoomKind.DIRECT, partner=9)
    other = CreateRoom(9, RoomKind.DIRECT, partner=10)
    assert one.direct_key == other.direct_key == "9:10"
    assert (
        CreateRoom(1, RoomKind.DIRECT, partner=90).direct_key != CreateRoom(19, RoomKind.DIRECT, partner=0).direct_key
    )
    assert CreateRoom(1, RoomKind.PUBLIC).direct_key is None
    assert CreateRoom(1, RoomKind.PRIVATE, members=(2, 1, 2)).direct_key is None
    assert CreateRoom(None, RoomKind.PUBLIC, "general").direct_key is None
