from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from support.reference import ME, Frame, ReferenceRoom, ready
from tertulia.client.model import Model, Need, RoomModel
from tertulia.client.timeline import Page

ROOMS = ["public-room", "private-room"]
USERS = st.integers(2, 4)
PLACES = st.integers(0, 30)


class Views(RuleBasedStateMachine):
    """One client and a server: changes, cuts, resumes, lost and repeated frames, late pages and early replies.

    Whatever happens, once everything is delivered the view equals a fresh fetch.
    """

    @initialize(large=st.booleans(), follow=st.booleans())
    def start(self, large: bool, follow: bool) -> None:
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

    # The server.

    def say(self, room: str, frame: Frame) -> None:
        if self.online and room in self.followed:
            self.line.append(frame)

    @rule(room=st.sampled_from(ROOMS), user=st.integers(1, 4), mention=st.booleans(), early=st.booleans())
    def post(self, room: str, user: int, mention: bool, early: bool) -> None:
        server = self.rooms[room]
        if server.is_member(user):
            event = server.post(user, "hello", mentions=(ME,) if mention and user != 1 else ())
            self.say(room, event)
            if user == 1 and early and self.online and room in self.model.rooms:
                self.model.rooms[room].put(event["message"])  # the reply overtakes the events

    @rule(room=st.sampled_from(ROOMS), place=PLACES, gone=st.booleans())
    def change(self, room: str, place: int, gone: bool) -> None:
        server = self.rooms[room]
        if server.count:
            fields: dict[str, Any] = {"body": None, "deleted_at": "now"} if gone else {"body": f"edit {server.head}"}
            self.say(room, server.change(1 + place % server.count, **fields))

    @rule(room=st.sampled_from(ROOMS), user=USERS)
    def come_or_go(self, room: str, user: int) -> None:
        server = self.rooms[room]
        self.say(room, server.leave(user) if server.is_member(user) else server.join(user))

    @rule(room=st.sampled_from(ROOMS))
    def i_come_or_go(self, room: str) -> None:
        """On another device."""
        server = self.rooms[room]
        if server.is_member(1):
            self.say(room, server.leave(1))
            self.followed.discard(room)
        else:
            server.join(1)
            self.followed.add(room)
            self.say(room, server.reload())

    @rule(room=st.sampled_from(ROOMS))
    def rename(self, room: str) -> None:
        server = self.rooms[room]
        self.say(room, server.rename(f"title {server.head}"))

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

    @precondition(lambda self: not self.online)
    @rule(limit=st.integers(0, 40))
    def connect(self, limit: int) -> None:
        self.online = True
        self.followed = {room for room, server in self.rooms.items() if server.is_member(1)}
        self.line = [ready(list(self.rooms.values()), epoch=f"epoch-{self.epoch}")]
        another = self.model.epoch not in (None, f"epoch-{self.epoch}")
        for room, cursor in self.model.resume().items():
            self.catch_up(room, None if another else cursor, limit)

    @precondition(lambda self: self.online)
    @rule()
    def cut(self) -> None:
        self.online = False
        self.line, self.past = [], []
        self.model.cut()

    @precondition(lambda self: self.online and self.line)
    @rule(count=st.integers(1, 20))
    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.line))):
            frame = self.line.pop(0)
            self.past.append(frame)
            for need in self.model.apply(frame).needs:
                self.answer(need)

    def answer(self, need: Need) -> None:
        if need.cmd == "unsubscribe":
            if not self.rooms[need.room].is_member(1):
                self.followed.discard(need.room)
        else:
            self.catch_up(need.room, need.seq, 40)

    @precondition(lambda self: self.online)
    @rule(place=PLACES)
    def lose(self, place: int) -> None:
        """A live event gets lost: the next one of the room shows it."""
        live = [frame for frame in self.line[:-1] if frame["ev"] == "message"]
        if live:
            lost = live[place % len(live)]
            later = self.line[self.line.index(lost) + 1 :]
            if any(frame["room"] == lost["room"] and "seq" in frame for frame in later if "room" in frame):
                self.line.remove(lost)

    @precondition(lambda self: self.online)
    @rule(place=PLACES)
    def repeat(self, place: int) -> None:
        again = [frame for frame in self.past if frame["ev"] in ("message", "member", "room", "changes")]
        if again:
            frame = again[place % len(again)]
            if frame["room"] in self.model.rooms:
                self.model.apply(frame)

    # History.

    @rule(room=st.sampled_from(ROOMS), limit=st.integers(1, 5))
    def ask_page(self, room: str, limit: int) -> None:
        view = self.model.rooms.get(room)
        before = view.timeline.oldest() if view is not None else None
        if view is not None and before is not None and self.model.epoch == f"epoch-{self.epoch}":
            rows, more = self.rooms[room].history(before, limit)
            self.pages.append((room, view, view.timeline.generation, Page(rows, before, more)))  # type: ignore[arg-type]

    @precondition(lambda self: self.pages)
    @rule(place=PLACES)
    def page_comes(self, place: int) -> None:
        room, view, generation, page = self.pages.pop(place % len(self.pages))
        if self.model.rooms.get(room) is view:
            view.put_page(page, generation)

    @rule()
    def restore_a_backup(self) -> None:
        """Another history: every number means something else now."""
        if self.online:
            self.cut()
        self.epoch += 1
        self.rooms = {
            name: ReferenceRoom(name, kind=server.kind, large=server.large) for name, server in self.rooms.items()
        }

    # What must hold.

    @invariant()
    def timelines_are_in_order(self) -> None:
        for room in getattr(self, "model", Model()).rooms.values():
            seqs = [row["seq"] for row in room.messages]
            assert seqs == sorted(set(seqs))

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        if self.online:
            self.cut()
        self.connect(40)
        for room in self.rooms:
            if self.rooms[room].is_member(1):
                for need in self.model.open(room):
                    self.answer(need)
        while self.line:
            self.deliver(1)
        for room, server in self.rooms.items():
            self.compare(room, server)

    def compare(self, room: str, server: ReferenceRoom) -> None:
        view = self.model.rooms.get(room)
        if not server.is_member(1):
            assert view is None or view.me is None
            return
        fresh = RoomModel(room, ME)
        fresh.apply(server.reload(10_000))
        assert view is not None
        view.receive(ME, server.read[ME], 0)
        assert view.differences(fresh) == []
        while (before := view.timeline.oldest()) is not None:
            rows, more = server.history(before, 3)
            view.put_page(Page(rows, before, more), view.timeline.generation)  # type: ignore[arg-type]
        assert view.messages == fresh.messages


TestViews = Views.TestCase
TestViews.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
