"""The same promises on two nodes with one database, over a bus that does all that a bus may do, and never recovers:
but for how far people have read, which is told when it is heard again.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from property import holding
from property.test_world import INDEX, MIGHTY, OTHER, PERSON, Talk
from property.world import DEVICES, ROOM
from support.buses import LossyBroker, Weather
from support.node import Line
from support.proving import stories
from support.template import database_url, dropping, make_database
from tertulia.broker.broker import Broker
from tertulia.broker.local import Bus
from tertulia.domain.models import Role
from tertulia.services.lease import SECONDS

WEATHERS = [
    Weather(),
    Weather(late=0.5, longest=0.04),
    Weather(lost=0.2, again=0.2, late=0.3),
    Weather(lost=0.6, late=0.5),
    Weather(lost=1.0),
]


class Nodes(Talk):
    """Each person has one device at each node; what is done without a line is done at one node after the other."""

    NODES = 2

    @initialize(
        ring=st.sampled_from([16, 256]),
        large=st.sampled_from([2, 100]),
        online=st.integers(1, DEVICES),
        weather=st.sampled_from(WEATHERS),
        seed=st.integers(0, 2**32),
    )
    def start(self, ring: int, large: int, online: int, weather: Weather, seed: int) -> None:
        self.weather, self.seed, self.bus = replace(weather), seed, Bus()
        self.ended: list[Line] = []
        super().start(ring, large, online)

    def broker(self, number: int) -> Broker:
        return LossyBroker(self.bus, self.clock, self.weather, self.seed + number)

    def database(self) -> dict[str, Any]:
        url = database_url("postgresql", Path(self.folder.name))
        make_database(url)
        return {"database_url": url}

    def teardown(self) -> None:
        with dropping():
            super().teardown()

    @rule(weather=st.sampled_from(WEATHERS))
    def change_weather(self, weather: Weather) -> None:
        for name in ("lost", "again", "late", "longest"):
            setattr(self.weather, name, getattr(weather, name))

    @rule(who=MIGHTY, other=OTHER, room=ROOM, act=st.sampled_from(["ban", "mute", "remove", "leave"]))
    def end_rights_while_they_post(self, who: int, other: int, room: int, act: str) -> None:
        """One node has cached that they may, the other one ends it."""
        here, there = self.node, self.node
        user, room_id, caller = self.other(who, other), self.room(room), self.people[who].caller
        members = there.services.members
        if act == "leave":
            end = members.leave(user.caller, room_id)
        else:
            end = getattr(members, act)(caller, room_id, user.id, *((None, 1) if act == "mute" else ()))
        posts = [here.services.messages.post(user.caller, room_id, f"{act} {n}") for n in range(3)]
        self.do(posts[0], end, *posts[1:])
        holding.check_voices(self, room_id)

    @rule(who=PERSON, room=ROOM, key=st.integers(0, 2))
    def post_the_same_to_both(self, who: int, room: int, key: int) -> None:
        person, room_id = self.people[who], self.room(room)
        works = [each.services.messages.post(person.caller, room_id, "twice", f"both {key}") for each in self.nodes * 2]
        self.do(*works)

    @rule(who=PERSON, index=INDEX, room=ROOM)
    def change_one_message_on_both(self, who: int, index: int, room: int) -> None:
        caller, room_id = self.people[who].caller, self.room(room)
        one, other = (each.services.messages for each in self.nodes)
        self.do(
            one.edit(caller, room_id, index, "edited here"),
            other.react(caller, room_id, index, "👍", on=True),
            other.edit(caller, room_id, index, "edited there"),
            one.delete(caller, room_id, index),
        )

    @rule(who=PERSON, other=OTHER, room=ROOM)
    def change_roles_on_both(self, who: int, other: int, room: int) -> None:
        caller, user, room_id = self.people[who].caller, self.other(who, other).id, self.room(room)
        one, other_node = (each.services.members for each in self.nodes)
        self.do(
            one.set_role(caller, room_id, user, Role.MODERATOR),
            other_node.remove(caller, room_id, user),
            other_node.add(caller, room_id, user),
        )

    @rule(who=PERSON)
    def sign_out_everywhere(self, who: int) -> None:
        person = self.people[who]
        self.ended += [device.line for device in self.devices if device.person is person and device.line is not None]
        self.do(self.node.services.sessions.end_all(person.number))
        self.people[who] = self.run(self.nodes[0].sign_in(person.name))
        for device in self.devices:
            if device.person is person:
                device.person = self.people[who]

    @rule()
    def be_stopped(self) -> None:
        """All at once, for longer than a lease."""
        self.let_reads_go()
        self.act(self.clock.advance, SECONDS + 5)

    def come_together(self) -> None:
        for _ in range(3):
            self.wait(4, 0.5)
            self.quiet()
        assert all(line.is_down for line in self.ended), "a session was ended, and its socket lives"

    def check_everybody(self) -> None:
        """Without the bus nobody is told how far they have read elsewhere; when it is heard again, they are."""
        self.positions_lag = True
        super().check_everybody()
        self.positions_lag = False
        self.change_weather(Weather())
        self.come_together()
        super().check_everybody()


test_nodes = stories(Nodes, 10, 25, many=500, chapter=125)
