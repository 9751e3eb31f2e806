"""The promises, end to end: people who talk, come and go, and lose their lines, on a whole node.

Whatever happens in whatever order: what was acknowledged is there once, everything that the server says keeps the rules
of the cursor, and in the end every client knows what a fresh fetch says.
"""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from property import holding
from property.world import PEOPLE, ROOM, WHO, World
from support.proving import stories
from tertulia.domain.changes import Trim
from tertulia.domain.models import Notify, Role
from tertulia.services.membership import Quiet
from tertulia.services.rooms import Settings
from tertulia.storage import retention

PERSON = st.integers(0, PEOPLE - 1)
INDEX = st.integers(1, 7)
MIGHTY = st.sampled_from([0, 0, 0, 0, 1, 2])  # what only few may do is done mostly by who begins as the owner
OTHER = st.integers(1, PEOPLE - 1)
EMOJI = st.sampled_from("👍🎉")
SETTINGS = [
    Settings(title="title 1"),
    Settings(title="title 2", description="about"),
    Settings(archived=True),
    Settings(archived=False),
    Settings(archived=False, slow_mode=0),
    Settings(slow_mode=1),
    Settings(slow_mode=0),
    Settings(retention_days=9, metadata={"a": 1}),
    Settings(retention_days=0),
]
QUIET = [
    Quiet(notify=Notify.NONE),
    Quiet(hidden=True),
    Quiet(unread_from=1),
    Quiet(unread_from=3),
    Quiet(unread_from=0),
]


class Talk(World):
    """What people do, in whatever order."""

    @rule(who=WHO, room=ROOM, again=st.booleans(), count=st.integers(1, 4))
    def post(self, who: int, room: int, again: bool, count: int) -> None:
        device = self.devices[who]
        for _ in range(count):
            self.posted += not again
            if device.is_online and device.line is not None:
                key = f"key {self.posted} in {self.room(room)}"
                self.act(device.line.say, "post", room=self.room(room), body=f"body of {key}", client_id=key)

    @rule(who=PERSON, room=ROOM, index=INDEX, edits=st.integers(1, 3))
    def edit(self, who: int, room: int, index: int, edits: int) -> None:
        services, caller = self.node.services.messages, self.people[who].caller
        self.do(*(services.edit(caller, self.room(room), index, f"edit {n} of {self.posted}") for n in range(edits)))

    @rule(who=PERSON, room=ROOM, index=INDEX)
    def delete(self, who: int, room: int, index: int) -> None:
        self.do(self.node.services.messages.delete(self.people[who].caller, self.room(room), index))

    @rule(who=PERSON, room=ROOM, index=INDEX, emoji=EMOJI, on=st.booleans())
    def react(self, who: int, room: int, index: int, emoji: str, on: bool) -> None:
        self.do(self.node.services.messages.react(self.people[who].caller, self.room(room), index, emoji, on=on))

    @rule(who=PERSON, room=ROOM, times=st.integers(1, 3))
    def come_and_go(self, who: int, room: int, times: int) -> None:
        members, caller = self.node.services.members, self.people[who].caller
        works = [(members.join, members.leave)[n % 2](caller, self.room(room)) for n in range(times)]
        self.do(*works)

    @rule(who=PERSON, room=ROOM)
    def leave(self, who: int, room: int) -> None:
        self.do(self.node.services.members.leave(self.people[who].caller, self.room(room)))

    @rule(who=MIGHTY, whom=PERSON, room=ROOM, adds=st.booleans())
    def add_or_remove(self, who: int, whom: int, room: int, adds: bool) -> None:
        members = self.node.services.members
        change = members.add if adds else members.remove
        self.do(change(self.people[who].caller, self.room(room), self.people[whom].id))

    @rule(who=MIGHTY, room=ROOM, wanted=st.sampled_from(SETTINGS))
    def change(self, who: int, room: int, wanted: Settings) -> None:
        self.do(self.node.services.rooms.change(self.people[who].caller, self.room(room), wanted))

    @rule(who=MIGHTY, other=OTHER, room=ROOM, role=st.sampled_from(Role))
    def give_role(self, who: int, other: int, room: int, role: Role) -> None:
        members, caller, user = self.node.services.members, self.people[who].caller, self.other(who, other).id
        if role is Role.OWNER:
            self.do(members.transfer(caller, self.room(room), user))
        else:
            self.do(members.set_role(caller, self.room(room), user, role))

    @rule(who=MIGHTY, other=OTHER, room=ROOM, act=st.sampled_from(["mute", "unmute", "ban", "unban"]))
    def moderate(self, who: int, other: int, room: int, act: str) -> None:
        """With posts of theirs around it, in one transaction."""
        services, caller, user = self.node.services, self.people[who].caller, self.other(who, other)
        until = (None, 1) if act == "mute" else ()
        self.do(
            services.messages.post(user.caller, self.room(room), f"before the {act}"),
            getattr(services.members, act)(caller, self.room(room), user.id, *until),
            services.messages.post(user.caller, self.room(room), f"after the {act}"),
        )
        holding.check_voices(self, self.room(room))

    @rule(who=MIGHTY, room=ROOM, index=INDEX, on=st.booleans())
    def pin(self, who: int, room: int, index: int, on: bool) -> None:
        self.do(self.node.services.messages.pin(self.people[who].caller, self.room(room), index, on=on))

    @rule(who=PERSON, whom=PERSON, room=ROOM)
    def call(self, who: int, whom: int, room: int) -> None:
        body = f"@room and @{self.people[whom].name}"
        self.do(self.node.services.messages.post(self.people[who].caller, self.room(room), body))

    @rule(who=PERSON, other=OTHER, on=st.booleans())
    def block(self, who: int, other: int, on: bool) -> None:
        blocks, caller, user = self.node.services.blocks, self.people[who].caller, self.other(who, other).id
        self.do(blocks.add(caller, user) if on else blocks.remove(caller, user))

    @rule(room=ROOM, index=INDEX)
    def trim(self, room: int, index: int) -> None:
        """What is too old goes; whether its rows are gone yet makes no difference."""

        async def forget() -> None:
            number = await self.node.services.numbers.number(self.room(room))
            await self.node.app.committer.commit(Trim(number, index))
            if index % 2:
                await self.node.app.db.write(retention.purge_slice, number)

        self.do(forget())

    @rule(who=PERSON, room=ROOM, wanted=st.sampled_from(QUIET))
    def keep_quiet(self, who: int, room: int, wanted: Quiet) -> None:
        self.do(self.node.services.membership.change(self.people[who].caller, self.room(room), wanted))

    @precondition(lambda self: not self.departed)
    @rule(room=ROOM, leaves=st.booleans(), blank=st.booleans())
    def depart(self, room: int, leaves: bool, blank: bool) -> None:
        """Somebody who was here deletes their account: they talked, and are shown as deleted from then on."""
        self.departed = True
        dan = self.run(self.node.person("dan"))
        services, room_id = self.node.services, self.room(room)
        self.do(
            services.members.add(self.people[0].caller, room_id, dan.id), services.members.join(dan.caller, room_id)
        )
        self.do(services.messages.post(dan.caller, room_id, "my last words"))
        if leaves:
            self.do(services.members.leave(dan.caller, room_id))
        self.run(self.node.settle())
        self.run(services.erasure.delete_own(dan.caller, None, blank=blank))
        self.run(services.erasure.tell_rooms())

    @rule(who=PERSON, room=ROOM)
    def kick_between_posts(self, who: int, room: int) -> None:
        """All in one transaction (rule 8)."""
        services, ana = self.node.services, self.people[0].caller
        self.do(
            services.messages.post(ana, self.room(room), "before"),
            services.members.remove(ana, self.room(room), self.people[who].id),
            services.messages.post(ana, self.room(room), "after"),
        )

    @precondition(lambda self: len(self.rooms) < 4)
    @rule(who=PERSON, other=OTHER)
    def open_direct(self, who: int, other: int) -> None:
        async def opened() -> None:
            view, _ = await self.node.services.rooms.open_direct(self.people[who].caller, self.other(who, other).id)
            if view.room.id not in self.rooms:
                self.rooms.append(view.room.id)

        self.do(opened())

    @precondition(lambda self: len(self.rooms) > 2)
    @rule(who=MIGHTY, room=st.integers(0, 3))
    def delete_room(self, who: int, room: int) -> None:
        self.do(self.node.services.rooms.delete(self.people[who].caller, self.room(room)))

    @rule(who=PERSON, room=ROOM, index=INDEX)
    def read(self, who: int, room: int, index: int) -> None:
        for device in self.devices:
            if device.person is self.people[who] and device.line is not None:
                self.act(device.line.say, "read", room=self.room(room), index=index)


test_world = stories(Talk, 45, 35, many=3_500, chapter=250)
