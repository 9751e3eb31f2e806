from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.proving import count, examples
from support.reference import ME, Frame, ReferenceRoom, ready
from tertulia.client.model import Model, Need
from tertulia.client.room import RoomModel
from tertulia.client.timeline import Page

ROOMS = ["public-room", "private-room"]


class World:
    """One client and a server: changes, cuts, resumes, lost and repeated frames, late pages and early replies."""

    def __init__(self, *, large: bool, follow: bool) -> None:
        self.epoch = 1
        self.rooms = {
            "public-room": ReferenceRoom("public-room"),
            "private-room": ReferenceRoom("private-room", kind="private", large=large),
        }
        self.model = Model(follow=follow)
        self.line: list[Frame] = []
        self.followed: set[str] = set()
        self.past: list[Frame] = []
        self.pages: list[tuple[str, RoomModel, int, Page]] = []
        self.online = False
        for server in self.rooms.values():
            for user in (2, 3):
                server.join(user)
            for number in range(8):
                server.post(2 + number % 2, f"before {number}")
        self.connect(40)
        self.deliver(100)

    # The server.

    def say(self, room: str, frame: Frame) -> None:
        if self.online and room in self.followed:
            self.line.append(frame)

    def post(self, server: ReferenceRoom, number: int) -> None:
        user = 1 + number % 4
        if server.is_member(user):
            event = server.post(user, "hello", mentions=(ME,) if number % 3 and user != 1 else ())
            self.say(server.id, event)
            if user == 1 and number % 2 and self.online and server.id in self.model.rooms:
                self.model.rooms[server.id].put(event["message"])  # the reply overtakes the events

    def change(self, server: ReferenceRoom, number: int) -> None:
        fields: dict[str, Any] = {"body": f"edit {server.head}"} if number % 4 else {"body": None, "deleted_at": "now"}
        if server.count:
            self.say(server.id, server.change(1 + number % server.count, **fields))

    def come_or_go(self, server: ReferenceRoom, number: int) -> None:
        user = 2 + number % 4
        self.say(server.id, server.leave(user) if server.is_member(user) else server.join(user))

    def i_come_or_go(self, server: ReferenceRoom, number: int) -> None:
        """On another device."""
        if server.is_member(1) and number % 4:
            return
        if server.is_member(1):
            self.say(server.id, server.leave(1))
            self.followed.discard(server.id)
        else:
            server.join(1)
            self.followed.add(server.id)
            self.say(server.id, server.reload())

    def rename(self, server: ReferenceRoom, _number: int) -> None:
        self.say(server.id, server.rename(f"title {server.head}"))

    def restore(self, _server: ReferenceRoom, number: int) -> None:
        """A backup: another history, in which every number means something else."""
        if number % 8 == 0 and not self.online:
            self.epoch += 1
            self.rooms = {
                name: ReferenceRoom(name, kind=server.kind, large=server.large) for name, server in self.rooms.items()
            }
            self.pages.clear()

    def catch_up(self, room: str, cursor: int | None, limit: int) -> None:
        server = self.rooms[room]
        if server.kind == "private" and not server.is_member(1):
            self.line.append({"ev": "gone", "room": room})
            return
        self.followed.add(room)
        if cursor is None or server.head - cursor > limit or cursor > server.head:
            self.line.append(server.reload())
        else:
            self.line += server.changes(cursor)

    # The line.

    def connect(self, limit: int) -> None:
        self.online = True
        self.followed = {room for room, server in self.rooms.items() if server.is_member(1)}
        self.line = [ready(list(self.rooms.values()), epoch=f"epoch-{self.epoch}")]
        another = self.model.epoch not in (None, f"epoch-{self.epoch}")
        for room, cursor in self.model.resume().items():
            self.catch_up(room, None if another else cursor, limit)

    def cut_or_connect(self, _server: ReferenceRoom, number: int) -> None:
        if not self.online:
            self.connect(number % 40)
        elif number % 4 == 0:
            self.online = False
            self.line, self.past = [], []
            self.model.cut()

    def deliver_some(self, _server: ReferenceRoom, number: int) -> None:
        self.deliver(1 + number % 12)

    def deliver(self, count: int) -> None:
        for _ in range(count):
            if not self.line or not self.online:
                return
            frame = self.line.pop(0)
            self.past.append(frame)
            for need in self.model.apply(frame).needs:
                self.answer(need)
            for room in self.model.rooms.values():
                seqs = [row["seq"] for row in room.messages]
                assert seqs == sorted(set(seqs))

    def answer(self, need: Need) -> None:
        if need.cmd == "subscribe":
            self.catch_up(need.room, need.seq, 40)
        elif not self.rooms[need.room].is_member(1):
            self.followed.discard(need.room)

    def lose(self, server: ReferenceRoom, number: int) -> None:
        """A live event gets lost: the next one of the room shows it."""
        live = [frame for frame in self.line if frame.get("room") == server.id and frame["ev"] in ("message", "room")]
        if live[1:]:
            self.line.remove(live[number % (len(live) - 1)])

    def repeat(self, _server: ReferenceRoom, number: int) -> None:
        again = [frame for frame in self.past if frame["ev"] in ("message", "member", "room", "changes")]
        if self.online and again:
            frame = again[number % len(again)]
            if frame["room"] in self.model.rooms:
                for need in self.model.apply(frame).needs:
                    self.answer(need)

    # History.

    def ask_page(self, server: ReferenceRoom, number: int) -> None:
        view = self.model.rooms.get(server.id)
        before = view.timeline.oldest() if view is not None else None
        if view is not None and before is not None and self.online and self.model.epoch == f"epoch-{self.epoch}":
            rows, more = server.history(before, 1 + number % 5)
            self.pages.append((server.id, view, view.timeline.generation, _page(rows, before, more)))

    def page_comes(self, _server: ReferenceRoom, number: int) -> None:
        if self.pages:
            room, view, generation, page = self.pages.pop(number % len(self.pages))
            if self.model.rooms.get(room) is view:
                view.put_page(page, generation)

    # The end.

    def settle(self) -> None:
        if not self.online:
            self.connect(40)
        self.deliver(10_000)
        for room, server in self.rooms.items():
            if server.is_member(1):
                for need in self.model.open(room):
                    self.answer(need)
        self.deliver(10_000)

    def check(self, room: str, server: ReferenceRoom) -> None:
        """The view equals a fresh fetch, and so it does with all of history."""
        view = self.model.rooms.get(room)
        if not server.is_member(1):
            assert view is None or view.me is None
            return
        fresh = RoomModel(room, ME)
        fresh.apply(server.reload(10_000))
        assert view is not None
        view.receive(ME, server.read[ME], 0)  # receipts are not changes
        assert view.differences(fresh) == []
        while (before := view.timeline.oldest()) is not None:
            rows, more = server.history(before, 3)
            view.put_page(_page(rows, before, more), view.timeline.generation)
        assert view.messages == fresh.messages


def _page(rows: Any, upto: int, more: bool) -> Page:
    return Page(rows, upto, more)


STEPS = (
    ["post", "change"] * 4
    + ["deliver_some"] * 5
    + ["ask_page", "page_comes"] * 3
    + ["come_or_go", "rename", "repeat", "cut_or_connect"] * 2
    + ["i_come_or_go", "restore", "lose"]
)
STORY = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(ROOMS), st.integers(0, 99)), min_size=40, max_size=100
)


@examples(400, 1, many=36_000)
@given(story=STORY, large=st.booleans(), follow=st.booleans())
def test_whatever_happens_the_view_equals_a_fresh_fetch(
    story: list[tuple[str, str, int]], large: bool, follow: bool
) -> None:
    world = World(large=large, follow=follow)
    for step, room, number in story:
        getattr(world, step)(world.rooms[room], number)
    world.settle()
    for room, server in world.rooms.items():
        world.check(room, server)
    count("histories of a part")


def listing(*, follow: bool = True) -> tuple[ReferenceRoom, Model]:
    server = ReferenceRoom("room-1")
    server.post(1, "first")
    model = Model(follow=follow)
    model.apply(ready([server]))
    return server, model


def test_every_listed_room_is_asked_for_once() -> None:
    server = ReferenceRoom("room-1")
    model = Model()
    assert model.apply(ready([server])).needs == [Need("subscribe", "room-1")]
    assert model.apply(server.post(1, "live")).needs == []  # its snapshot is on the way
    assert model.rooms["room-1"].catching_up


def test_without_following_rooms_are_only_listed_until_they_are_opened() -> None:
    server, model = listing(follow=False)
    event = server.post(2, "live")
    step = model.apply(event)
    assert (step.needs, step.events) == ([], [event])
    assert model.rooms["room-1"].message_count == 2
    assert model.open("room-1") == [Need("subscribe", "room-1")]
    assert model.open("room-1") == []


def test_a_room_that_no_list_has_told_of_is_followed_when_something_happens_in_it() -> None:
    server, model = ReferenceRoom("room-1"), Model(follow=False)
    model.apply(ready([], more=True))
    assert model.apply(server.post(2, "live")).needs == [Need("subscribe", "room-1")]


def test_a_gap_is_asked_for_from_the_cursor() -> None:
    server, model = listing()
    model.apply(server.reload())
    cursor = server.head
    server.post(2, "lost")
    assert model.apply(server.post(2, "later")).needs == [Need("subscribe", "room-1", cursor)]
    assert model.apply(server.post(2, "more")).needs == []
    step = model.apply(server.changes(cursor)[0])
    assert [event["message"]["body"] for event in step.events] == ["lost", "later", "more"]


def test_hello_says_cursors_and_positions() -> None:
    server, model = listing()
    assert (model.resume(), model.positions()) == ({}, {"room-1": 1})
    model.apply(server.reload())
    assert model.resume() == {"room-1": server.head}


def test_another_epoch_forgets_all_numbers() -> None:
    server, model = listing()
    model.apply(server.reload())
    model.cut()
    other = ReferenceRoom("room-1")
    step = model.apply(ready([other], epoch="epoch-2"))
    assert step.needs == []  # the reload comes unasked
    assert model.resume() == {}
    assert model.rooms["room-1"].message_count == 0


def test_rooms_that_are_not_listed_any_more_go() -> None:
    _, model = listing(follow=False)
    model.cut()
    model.apply(ready([], more=True))
    assert list(model.rooms) == ["room-1"]
    model.apply(ready([]))
    assert model.rooms == {}


def test_a_wanted_room_is_asked_for_on_every_connection_until_it_comes() -> None:
    model = Model()
    model.apply(ready([]))
    assert model.open("room-9") == [Need("subscribe", "room-9")]
    model.cut()
    assert model.apply(ready([])).needs == [Need("subscribe", "room-9")]
    model.apply({"ev": "gone", "room": "room-9"})
    assert (model.rooms, model.wanted) == ({}, set())


def test_a_room_that_i_left_while_away_is_not_followed_on() -> None:
    server, model = listing()
    model.apply(server.reload())
    cursor = server.head
    model.cut()
    server.leave(1)
    model.apply(ready([server]))
    step = model.apply(server.changes(cursor)[0])
    assert step.needs == [Need("unsubscribe", "room-1")]
    assert model.apply(server.post(2, "on its way")).events == []
    assert model.rooms == {}
    server.join(1)
    model.apply(server.reload())
    assert model.rooms["room-1"].cursor == server.head


def test_presence_is_forgotten_with_the_line() -> None:
    model = Model()
    model.apply(ready([], presence=[{"user": "user-2", "status": "online"}]))
    model.apply({"ev": "presence", "users": [{"user": "user-3", "status": "away"}]})
    model.apply({"ev": "presence", "users": [{"user": "user-2", "status": "offline"}]})
    assert model.presence == {"user-3": "away"}
    model.cut()
    assert model.presence == {}


def test_events_that_are_not_known_are_left_out() -> None:
    assert Model().apply({"ev": "from-the-future", "room": "x"}).events == []


def test_short_lived_news_of_a_strange_room_is_nothing() -> None:
    model = Model()
    assert model.apply({"ev": "typing", "room": "x", "count": 1}).needs == []
    assert model.rooms == {}
