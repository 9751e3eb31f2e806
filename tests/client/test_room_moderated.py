"""A room's view under roles, mutes, settings, retention, deleted users, @room and what only I see."""

from typing import Any

from support.reference import ME, TIME, Frame, ReferenceRoom, person, ready
from tertulia.client import Model
from tertulia.client.room import Outcome, RoomModel
from tertulia.client.timeline import Page


def _both(posts: int = 3) -> tuple[ReferenceRoom, RoomModel]:
    """A server's room with me and another, and a view that is up to date."""
    server = ReferenceRoom("room-1")
    server.join(2)
    for number in range(posts):
        server.post(2, f"post {number}")
    view = RoomModel(server.id, ME)
    assert view.apply(server.reload(100)) is Outcome.APPLIED
    return server, view


def _me(server: ReferenceRoom, **changes: Any) -> Frame:
    """The news of how I stand."""
    listed = server.listed()
    return {"ev": "me", "room": server.id, "message_count": listed["message_count"], "me": listed["me"] | changes}


def test_roles_and_mutes_of_members_are_kept_and_my_own_too() -> None:
    server, view = _both()
    view.apply(server.stand(2, role="moderator", muted_until=TIME))
    view.apply(server.stand(1, role="admin", muted_until=TIME))
    assert (view.members["user-2"]["role"], view.members["user-2"].get("muted_until")) == ("moderator", TIME)
    assert view.me is not None
    assert (view.me["role"], view.me["muted_until"]) == ("admin", TIME)
    view.apply(server.stand(1, muted_until=None))
    assert "muted_until" not in view.me
    assert "muted_until" not in view.members[ME]


def test_settings_that_are_absent_are_none() -> None:
    server, view = _both()
    view.apply(server.set(archived=True, slow_mode=5, retention_days=9, metadata={"a": 1}, external_id="x"))
    keys = ("archived", "slow_mode", "retention_days", "metadata", "external_id")
    assert [view.settings.get(key) for key in keys] == [True, 5, 9, {"a": 1}, "x"]
    view.apply(server.set())
    assert [view.settings.get(key) for key in keys] == [False, 0, None, None, None]


def test_what_is_too_old_goes_and_does_not_come_back() -> None:
    """Not by a page of history, nor by the answer to an edit, that were on their way."""
    server, view = _both(5)
    old = [row for row in view.messages if row["index"] in (1, 2)]
    page = Page([row for row in view.messages if (row["index"] or 0) < 3], 3, more=False)
    generation = view.timeline.generation
    view.apply(server.trim(3))
    assert [row["index"] for row in view.messages if row["index"]] == [3, 4, 5]
    assert view.put_page(page, generation) is None
    view.put_page(page, view.timeline.generation)
    view.put({**old[0], "changed_seq": 99})
    assert [row["index"] for row in view.messages if row["index"]] == [3, 4, 5]
    assert (view.unread, view.message_count) == (3, 5)
    view.apply(server.trim(6))
    assert (view.unread, view.last_message, view.mentions) == (0, None, 0)
    view.apply(server.post(2, "new"))
    assert view.last_message is not None
    assert view.last_message["index"] == 6


def test_messages_that_came_and_became_too_old_while_i_was_away_count() -> None:
    """Nothing is told of them: the timeline begins behind them."""
    server, view = _both(3)
    for _ in range(3):
        server.post(2, "soon too old")
    server.trim(7)
    kept = [row for row in server.rows.values() if row["index"] is None]
    server.rows = {row["seq"]: row for row in kept}
    for frame in server.changes(view.cursor or 0):
        view.apply(frame)
    assert (view.message_count, view.unread, view.first_index) == (6, 0, 7)


def test_everybody_sees_the_messages_of_a_deleted_user_as_such() -> None:
    server, view = _both()
    deleted = {"id": "user-2", "number": 2, "username": "deleted-2", "deleted": True}
    old = dict(view.messages[-1])
    server.members["user-2"] |= {"user": deleted}
    view.apply(server.leave(2))
    senders = [row["sender"] for row in view.messages if row["sender"]]
    assert senders == [deleted] * 3
    assert view.last_message is not None
    assert view.last_message["sender"] == deleted
    view.put({**old, "changed_seq": 50})  # type: ignore[typeddict-item]
    assert view.messages[-2]["sender"] == deleted, "whatever was on its way"


def test_the_room_is_called_together() -> None:
    server, view = _both(0)
    for user, fields in ((2, {"mentions_room": True}), (1, {}), (2, {"mentions": [ME]}), (2, {"mentions_room": True})):
        event = server.post(user, "x")
        event["message"] |= fields
        view.apply(event)
    assert view.mentions == 2, "what I have read by posting counts no more"
    view.apply(_me(server, unread_from=1, mentions=3))
    assert (view.unread, view.mentions) == (4, 3)
    view.blocked = frozenset({"user-2"})
    assert view.mentions == 1, "my name still counts: it was said before I blocked them"


def test_my_own_call_is_none_for_me() -> None:
    server, view = _both(0)
    event = server.post(1, "@room @user1")
    event["message"] |= {"mentions_room": True, "mentions": [ME]}
    view.apply(event)
    view.apply(_me(server, unread_from=1, mentions=0))
    assert (view.unread, view.mentions) == (1, 0)


def test_what_only_i_see_ends_by_itself() -> None:
    """Hidden until a message comes; marked as unread until I post."""
    server, view = _both()
    view.receive(ME, 3, 3)
    server.read[ME] = 3
    view.apply(_me(server, hidden=True, unread_from=2, notify="none"))
    assert view.me is not None
    assert (view.me["hidden"], view.me["notify"], view.unread) == (True, "none", 2)
    view.apply(server.stand(2, role="admin"))
    assert view.me["hidden"]
    view.apply(server.post(2, "news"))
    assert (view.me["hidden"], view.unread) == (False, 3)
    view.apply(server.post(1, "mine"))
    assert ("unread_from" in view.me, view.unread) == (False, 0)


def test_late_news_of_mine_undoes_nothing() -> None:
    """It was read before a message and a change of my role, and comes after them."""
    server, view = _both()
    late = _me(server, hidden=True, unread_from=1)
    view.apply(server.stand(1, role="owner", muted_until=TIME))
    view.apply(server.post(1, "mine"))
    view.apply(late)
    assert view.me is not None
    assert (view.me["hidden"], view.me["role"], view.me.get("muted_until"), view.unread) == (False, "owner", TIME, 0)
    assert "unread_from" not in view.me


def test_whom_i_block_comes_with_ready_and_as_news() -> None:
    server = ReferenceRoom("room-1")
    server.join(2)
    model = Model()
    model.apply(ready([server], blocked=["user-2"]))
    model.apply(server.reload())
    event = server.post(2, "@room")
    event["message"] |= {"mentions_room": True}
    model.apply(event)
    room = model.rooms[server.id]
    assert room.mentions == 0
    assert model.apply({"ev": "blocked", "users": []}).events == [{"ev": "blocked", "users": []}]
    assert room.mentions == 1
    model.apply({"ev": "blocked", "users": ["user-2"]})
    assert room.mentions == 0
    assert model.apply({**_me(server), "room": "another"}).events == []


def test_the_partner_of_a_direct_room_is_shown_as_deleted() -> None:
    server, view = _both()
    view.partner = person(2)  # type: ignore[assignment]
    server.members["user-2"] |= {"user": {**person(2), "username": "deleted-2", "deleted": True}}
    view.apply(server.leave(2))
    assert view.partner is not None
    assert view.title == "deleted-2"


def test_a_room_whose_owner_went_without_an_heir_has_none() -> None:
    server, view = _both()
    view.apply(server.stand(2, role="owner"))
    assert view.settings["owner"] == "user-2"
    view.apply(server.leave(2))
    assert "owner" not in view.settings
