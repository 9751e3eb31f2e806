"""A client as the protocol wants it, on a line that the test holds: tertulia.client's model, and the strict rules."""

from support.node import Line, Node, Person
from support.streams import Stream
from tertulia.client import Model
from tertulia.client.model import Need


class Device:
    """One device of a person: its model outlives its lines. What the line brought is taken by `take`."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.model = Model()
        self.line: Line | None = None
        self._taken = 0
        self._needs: list[Need] = []
        self._resumed: dict[str, int] = {}

    @property
    def is_online(self) -> bool:
        return self.line is not None and not self.line.is_down

    def connect(self, node: Node) -> None:
        """Come, or come back, with all that is known."""
        self.cut()
        self.line = node.open(self.person)
        self._taken, self._resumed = 0, self.model.resume()
        boot = {"boot": self.model.boot} if self.model.boot else {}
        self.line.say("hello", resume=self._resumed, read=self.model.positions(), **boot)

    def cut(self) -> None:
        """The line is gone, with everything on it that was not taken."""
        if self.line is not None:
            self.check_line()
            self.line.cut()
        self.line = None
        self._needs = []
        self.model.cut()

    def take(self, count: int | None = None) -> bool:
        """Look at up to `count` frames, and ask for what is missing; whether there was anything to do."""
        if self.line is None or self.line.stalled:
            return False
        frames = self.line.frames[self._taken :][:count]
        self._taken += len(frames)
        for frame in frames:
            if "ev" in frame:
                self._needs += self.model.apply(frame).needs
        needs, self._needs = self._needs, []
        for need in needs:
            self.line.say(need.cmd, room=need.room, **({} if need.seq is None else {"seq": need.seq}))
        return bool(frames or needs)

    def check_line(self) -> None:
        """Everything that the server said on this line keeps the rules of the cursor, and of the order at the start."""
        assert self.line is not None
        kinds = [frame.get("ev", "re") for frame in self.line.frames]
        if self.line.code is None:
            assert kinds[:2] == ["re", "ready"][: len(kinds)], kinds[:5]
        rooms = {str(frame["room"]) for frame in self.line.frames if "room" in frame} | set(self._resumed)
        for room in rooms:
            stream = Stream(room, self.person.id)
            if room in self._resumed:
                stream.resumed(self._resumed[room])
            stream.feed(self.line.frames)
