from support.reference import ME, Frame, ReferenceRoom, person
from tertulia.client.room import Outcome, RoomModel
from tertulia.domain.mentions import MENTIONS_CEILING


def both(posts: int = 3, *, large: bool = False) -> tuple[ReferenceRoom, RoomModel]:
    """A server's room with two members and a view that is up to date."""
    server = ReferenceRoom("room-1", large=large)
    server.join(2)
    for number in range(posts):
        server.post(2, f"post {number}")
    view = RoomModel(server.id, ME)
    assert view.apply(server.reload()) is Outcome.APPLIED
    return server, view


def test_the_next_event_is_applied_and_moves_the_cursor() -> None:
    server, view = both()
    assert view.apply(server.post(2, "next")) is Outcome.APPLIED
    assert view.cursor == server.head
    assert view.messages[-1]["body"] == "next"


def test_an_older_event_is_ignored() -> None:
    server, view = both()
    event = server.post(2, "once")
    view.apply(event)
    assert view.apply(event) is Outcome.IGNORED
    assert view.cursor == server.head


def test_a_later_event_is_a_gap_and_changes_nothing() -> None:
    server, view = both()
    before = view.cursor
    server.post(2, "lost")
    assert view.apply(server.post(2, "later")) is Outcome.GAP
    assert (view.cursor, view.message_count) == (before, 3)


def test_changes_from_the_cursor_or_before_it_are_applied() -> None:
    server, view = both()
    start = view.cursor or 0
    server.post(2, "one")
    server.change(1, body="edited")
    for frame in server.changes(start - 1):
        assert view.apply(frame) is Outcome.APPLIED
    assert view.cursor == server.head
    assert not view.catching_up


def test_changes_from_after_the_cursor_are_a_gap() -> None:
    """Rule 7."""
    server, view = both()
    view.catching_up = True
    before = view.cursor
    server.post(2, "one")
    server.post(2, "two")
    assert view.apply(server.changes(server.head - 1)[0]) is Outcome.GAP
    assert view.cursor == before
    assert not view.catching_up


def test_older_changes_do_not_move_the_cursor_back() -> None:
    server, view = both()
    start = view.cursor or 0
    event = server.post(2, "one")
    old = server.changes(start)[-1]
    view.apply(event)
    view.apply(server.post(2, "two"))
    view.apply(old)
    assert view.cursor == server.head


def test_changes_in_parts_are_one_catch_up() -> None:
    server, view = both()
    start = view.cursor or 0
    for number in range(7):
        server.post(2, f"{number}")
    frames = server.changes(start)
    assert len(frames) > 1
    view.catching_up = True
    for frame in frames:
        assert view.catching_up
        view.apply(frame)
    assert not view.catching_up
    assert view.cursor == server.head


def test_a_reply_moves_no_cursor_and_the_event_still_counts() -> None:
    server, view = both()
    missing, mine = server.post(2, "first"), server.post(1, "second")
    view.put(mine["message"])
    assert view.cursor == server.head - 2
    view.apply(missing)
    view.apply(mine)
    assert [row["body"] for row in view.messages[-2:]] == ["first", "second"]
    assert view.unread == 0


def test_a_reload_forgets_everything() -> None:
    """Rule 7."""
    _, view = both()
    view.me = {**(view.me or {}), "read_index": 3}
    other = ReferenceRoom("room-1")
    other.post(1, "another history")
    page = view.timeline.generation
    view.apply(other.reload())
    assert [row["body"] for row in view.messages if row["index"]] == ["another history"]
    assert view.put_page((), page) is None  # type: ignore[arg-type]


def test_leaving_means_forget() -> None:
    server, view = both()
    assert view.apply(server.leave(1)) is Outcome.LEFT


def test_having_left_is_told_with_the_last_part_of_the_changes() -> None:
    server, view = both()
    start = view.cursor or 0
    server.leave(1)
    for number in range(7):
        server.post(2, f"{number}")
    frames = server.changes(start)
    assert [view.apply(frame) for frame in frames] == [Outcome.APPLIED] * (len(frames) - 1) + [Outcome.LEFT]


def test_unread_is_arithmetic() -> None:
    server, view = both(posts=3)
    view.receive(ME, 1, 1)
    assert view.unread == 2
    view.apply(server.leave(2))  # a notice is never unread
    assert view.unread == 2
    view.apply(server.post(1, "mine"))  # posting reads up to the post
    assert view.unread == 0
    view.receive(ME, 2, 2)  # positions only grow
    assert view.unread == 0


def test_mentions_count_what_is_unread_and_mentions_me() -> None:
    server, view = both(posts=0)
    for number in range(4):
        view.apply(server.post(2, "hey", mentions=(ME,) if number % 2 else ()))
    assert view.mentions == 2
    view.receive(ME, 3, 3)
    assert view.mentions == 1
    view.apply(server.change(4, mentions=[]))
    assert view.mentions == 0


def test_mentions_have_a_ceiling() -> None:
    server, view = both(posts=0)
    for _ in range(MENTIONS_CEILING + 20):
        view.apply(server.post(2, "hey", mentions=(ME,)))
    assert view.mentions == MENTIONS_CEILING


def test_a_room_that_is_only_listed_counts_along() -> None:
    server = ReferenceRoom("room-1")
    view = RoomModel(server.id, ME)
    view.listed(server.listed())  # type: ignore[arg-type]
    assert view.apply(server.post(2, "new", mentions=(ME,))) is Outcome.GAP
    assert (view.message_count, view.unread, view.mentions, view.cursor) == (1, 1, 1, None)
    assert view.last_message is not None
    view.apply(server.rename("renamed"))
    view.apply(server.stand(1, role="moderator"))
    assert (view.title, view.me and view.me["role"]) == ("renamed", "moderator")
    view.apply(server.trim(2))
    assert view.unread == 0


def test_a_large_room_keeps_no_members() -> None:
    server, view = both(large=True)
    view.apply(server.join(3))
    assert not view.members_complete
    assert view.members == {}
    assert view.member_count == 3


def test_members_are_bounded() -> None:
    server, view = both()
    for number in range(3, 1_010):
        view.apply(server.join(number))
    assert view.members == {}
    assert not view.members_complete
    assert view.member_count == 1_009


def test_ready_that_is_ahead_does_not_lose_the_member_count() -> None:
    server, view = both()
    events = [server.join(3), server.join(4)]
    view.listed(server.listed())  # type: ignore[arg-type]
    for event in events:
        view.apply(event)
    assert view.member_count == 4


def test_the_owner_follows_the_member_rows() -> None:
    server, view = both()
    event = server.join(3)
    event["members"][0]["role"] = "owner"
    view.apply(event)
    assert view.settings["owner"] == "user-3"


def test_typing_and_receipts_are_no_changes() -> None:
    server, view = both()
    cursor = view.cursor
    typing: Frame = {"ev": "typing", "room": server.id, "users": [person(2)], "count": 1}
    view.apply(typing)
    view.apply(
        {"ev": "receipt", "room": server.id, "receipts": [{"user": "user-2", "read_index": 2, "delivered_index": 3}]}
    )
    assert (view.typing_count, view.receipts["user-2"], view.cursor) == (1, (3, 3), cursor)
    view.cut()
    assert (view.typing, view.typing_count) == ([], 0)


def test_the_title_is_what_people_see() -> None:
    server, view = both()
    assert view.title == "first"
    listed = server.listed() | {"title": "", "name": None, "partner": person(2)}
    view.listed(listed)  # type: ignore[arg-type]
    assert view.title == "user2"


def test_a_client_that_retention_overtook_forgets_what_is_gone() -> None:
    server, view = both(posts=4)
    event = server.rename("kept a year")
    event["settings"]["first_index"] = 3
    view.apply(event)
    assert [row["index"] for row in view.messages if row["index"]] == [3, 4]
