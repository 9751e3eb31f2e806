"""The table of rights in docs/protocol.md: it is domain/rights.py, and each cell is tried by REST and by command."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, update

from protocol.test_document import rows, section
from support.node import Line, Node, Person, node
from tertulia.domain import rights
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Role, RoomKind
from tertulia.domain.rights import SMALL_ROOM, Act, Rank
from tertulia.storage import blocks
from tertulia.storage.tables import users

TABLE = section(6).split("Who may do what:")[1].split("\n\n")[1]

Stand = tuple[str, str]
"""The room's kind, and who the actor is in it."""

COLUMNS: dict[str, list[Stand]] = {
    "public: outsider": [("public", "outsider")],
    "private, direct: outsider": [("private", "outsider"), ("direct", "outsider")],
    "member": [("public", "member"), ("private", "member")],
    "moderator": [("public", "moderator"), ("private", "moderator")],
    "admin": [("public", "admin"), ("private", "admin")],
    "owner": [("public", "owner"), ("private", "owner")],
    "staff": [("public", "staff outside"), ("public", "staff"), ("private", "staff")],
    "direct: both": [("direct", "member")],
}
RANKS = {
    "outsider": Rank.OUTSIDER,
    "member": Rank.MEMBER,
    "moderator": Rank.MODERATOR,
    "admin": Rank.ADMIN,
    "owner": Rank.OWNER,
    "staff": Rank.STAFF,
    "staff outside": Rank.STAFF,
}


# The document is the module.


def test_the_table_has_the_rows_and_columns_that_are_tested() -> None:
    head = TABLE.splitlines()[0].strip("|").split("|")
    assert [cell.strip() for cell in head][1:] == list(COLUMNS)
    assert [cells[0] for cells in rows(TABLE)] == [act.value for act in Act]
    assert ACTS.keys() == set(Act)


def cell_of(act: Act, kind: RoomKind, rank: Rank) -> str:
    """What the module says."""
    if rank is Rank.STAFF and act in rights.AS_MEMBER:
        return "as a member"
    try:
        rights.require(act, kind, rank)
    except Rejection as refused:
        if act is Act.MENTION_ROOM and refused.code == "forbidden":
            return f"up to {SMALL_ROOM}"
        return f"`{refused.code}`"
    return "yes"


@pytest.mark.parametrize(("cells"), rows(TABLE), ids=lambda cells: cells[0])
def test_the_table_is_the_module(cells: list[str]) -> None:
    """Rule 41."""
    for told, stands in zip(cells[1:], COLUMNS.values(), strict=True):
        for kind, who in stands:
            assert told == cell_of(Act(cells[0]), RoomKind(kind), RANKS[who]), (kind, who)


# Who tries.


@dataclass
class Scene:
    """A room with an owner, a plain member `target`, and the actor, who wrote message 1, and the target message 2."""

    node: Node
    room: str
    actor: Person
    line: Line
    owner: Person
    target: Person
    stranger: Person

    async def rest(self, method: str, path: str = "", body: Any = None) -> str:
        """The code of the refusal; empty when there is none."""
        response = await self.node.call(self.actor, method, f"rooms/{self.room}{path}", body)
        return "" if response.is_success else str(response.json()["code"])

    async def say(self, cmd: str, **fields: Any) -> str:
        reply = await self.line.ask(cmd, room=self.room, **fields)
        return str(reply.get("error", {}).get("code", ""))

    async def subscribe(self) -> str:
        await self.line.ask("unsubscribe", room=self.room)
        self.line.frames.clear()
        await self.line.ask("subscribe", room=self.room)
        frame = await self.line.until(lambda frame: frame.get("ev") in ("reload", "gone"))
        return "not_found" if frame["ev"] == "gone" else ""

    async def mention_by_rest(self) -> str:
        response = await self.node.call(self.actor, "POST", f"rooms/{self.room}/messages", {"body": "@room!"})
        return self._mentioned(response.json())

    async def mention_by_command(self) -> str:
        reply = await self.line.ask("post", room=self.room, body="@room!")
        return self._mentioned(reply.get("message", reply.get("error")))

    def _mentioned(self, answer: Any) -> str:
        """The message is posted in any case, and mentions the room or not."""
        return str(answer.get("code", "" if answer.get("mentions_room") else "forbidden"))


Try = Callable[[Scene], Awaitable[str]]


def changing(fields: dict[str, Any]) -> dict[str, Try]:
    return {
        "rest_change": lambda s: s.rest("PATCH", "", fields),
        "change": lambda s: s.say("change", **fields),
    }


TALK: dict[str, Try] = {
    "rest_post": lambda s: s.rest("POST", "/messages", {"body": "hi"}),
    "rest_edit": lambda s: s.rest("PATCH", "/messages/1", {"body": "new"}),
    "rest_react": lambda s: s.rest("PUT", "/messages/2/reactions/👍"),
    "rest_unreact": lambda s: s.rest("DELETE", "/messages/2/reactions/👍"),
    "post": lambda s: s.say("post", body="hi"),
    "edit": lambda s: s.say("edit", index=1, body="newer"),
    "react": lambda s: s.say("react", index=2, emoji="👍"),
    "typing": lambda s: s.say("typing"),
}
READ: dict[str, Try] = {
    "rest_read": lambda s: s.rest("PUT", "/read", {"index": 1}),
    "read": lambda s: s.say("read", index=1),
}
TAKE_BACK: dict[str, Try] = {
    "rest_delete_own": lambda s: s.rest("DELETE", "/messages/1"),
    "delete_own": lambda s: s.say("delete", index=1),
}
ACTS: dict[Act, dict[str, Try]] = {
    Act.SEE: {
        "rest_see": lambda s: s.rest("GET"),
        "rest_members": lambda s: s.rest("GET", "/members"),
        "rest_messages": lambda s: s.rest("GET", "/messages"),
        "rest_message": lambda s: s.rest("GET", "/messages/1"),
        "rest_pins": lambda s: s.rest("GET", "/pins"),
        "history": lambda s: s.say("history"),
        "subscribe": Scene.subscribe,
    },
    Act.JOIN: {"rest_join": lambda s: s.rest("POST", "/join"), "join": lambda s: s.say("join")},
    Act.TALK: {**TALK, **READ, **TAKE_BACK},
    Act.LEAVE: {"rest_leave": lambda s: s.rest("POST", "/leave"), "leave": lambda s: s.say("leave")},
    Act.MENTION_ROOM: {"rest_mention": Scene.mention_by_rest, "mention": Scene.mention_by_command},
    Act.PIN: {
        "rest_pin": lambda s: s.rest("PUT", "/messages/2/pin"),
        "rest_unpin": lambda s: s.rest("DELETE", "/messages/2/pin"),
        "pin": lambda s: s.say("pin", index=2),
        "unpin": lambda s: s.say("pin", index=2, on=False),
    },
    Act.DELETE_MESSAGE: {
        "rest_delete": lambda s: s.rest("DELETE", "/messages/2"),
        "delete": lambda s: s.say("delete", index=2),
    },
    Act.INVITE: {  # not by command
        "rest_invite": lambda s: s.rest("POST", "/invites", {}),
        "rest_invites": lambda s: s.rest("GET", "/invites"),
    },
    Act.ADD: {
        "rest_add": lambda s: s.rest("POST", "/members", {"user": s.stranger.id}),
        "add": lambda s: s.say("add", user=s.stranger.id),
    },
    Act.REMOVE: {
        "rest_remove": lambda s: s.rest("DELETE", f"/members/{s.target.id}"),
        "remove": lambda s: s.say("remove", user=s.target.id),
    },
    Act.MUTE: {
        "rest_mute": lambda s: s.rest("PUT", f"/members/{s.target.id}/mute", {"seconds": 60}),
        "rest_unmute": lambda s: s.rest("DELETE", f"/members/{s.target.id}/mute"),
        "mute": lambda s: s.say("mute", user=s.target.id, seconds=60),
        "unmute": lambda s: s.say("mute", user=s.target.id),
    },
    Act.BAN: {
        "rest_ban": lambda s: s.rest("PUT", f"/bans/{s.target.id}", {"reason": "Advertising"}),
        "rest_unban": lambda s: s.rest("DELETE", f"/bans/{s.target.id}"),
        "rest_bans": lambda s: s.rest("GET", "/bans"),
        "ban": lambda s: s.say("ban", user=s.target.id),
        "unban": lambda s: s.say("unban", user=s.target.id),
    },
    Act.SLOW_MODE: changing({"slow_mode": 5}),
    Act.CHANGE: changing({"title": "New", "description": "Newer", "metadata": {"a": 1}}),
    Act.ARCHIVE: changing({"archived": True}),
    Act.ROLE: {
        "rest_role": lambda s: s.rest("PATCH", f"/members/{s.target.id}", {"role": "moderator"}),
        "role": lambda s: s.say("role", user=s.target.id, role="moderator"),
    },
    Act.RETENTION: changing({"retention_days": 30}),
    Act.TRANSFER: {
        "rest_transfer": lambda s: s.rest("POST", "/transfer", {"user": s.target.id}),
        "transfer": lambda s: s.say("transfer", user=s.target.id),
    },
    Act.DELETE: {"rest_delete_room": lambda s: s.rest("DELETE"), "delete_room": lambda s: s.say("delete_room")},
}


class Stage:
    """Makes scenes. One in which nothing happened is used again; people play in many."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._kept: dict[tuple[str, str, bool], Scene] = {}
        self._actors: dict[bool, tuple[Person, Line]] = {}
        self._cast: list[Person] = []

    async def scene(self, kind: str, who: str, *, large: bool = False) -> Scene:
        found = self._kept.get((kind, who, large))
        if found is None:
            found = self._kept[kind, who, large] = await self.fresh(kind, who, large=large)
        found.line.frames.clear()
        return found

    def spent(self, kind: str, who: str) -> None:
        """Something happened there."""
        for large in (True, False):
            self._kept.pop((kind, who, large), None)

    async def fresh(self, kind: str, who: str, *, large: bool = False) -> Scene:
        if not self._cast:
            self._cast = await self.node.people("owner", "target", "stranger", *("guest",) * SMALL_ROOM)
        actor, line = await self._actor(staff=who.startswith("staff"))
        if kind == "direct":
            return await self._direct(actor, line, outside=who in ("outsider", "staff outside"))
        owner, target, stranger, *guests = self._cast
        owner = actor if who == "owner" else owner
        members = [person for person in (actor, target, *(guests if large else ())) if person is not owner]
        room = await self._room(owner, members, kind)
        await self.node.post(actor, room)
        await self.node.post(target, room)
        if who in ("outsider", "staff outside"):
            await self.node.services.members.leave(actor.caller, room)
        if who in ("moderator", "admin"):
            await self.node.services.members.set_role(owner.caller, room, actor.id, Role(who))
        await line.ask("ping")
        return Scene(self.node, room, actor, line, owner, target, stranger)

    async def _room(self, owner: Person, members: Iterable[Person], kind: str) -> str:
        room = await self.node.room(owner, kind=kind)
        services = self.node.services.members
        join = (services.join(person.caller, room) for person in members)
        add = (services.add(owner.caller, room, person.id) for person in members)
        await asyncio.gather(*(join if kind == "public" else add))
        return room

    async def _direct(self, actor: Person, line: Line, *, outside: bool) -> Scene:
        partner, third = await self.node.people("partner", "third")
        first = third if outside else actor
        view, _ = await self.node.services.rooms.open_direct(first.caller, partner.id)
        await self.node.post(first, view.room.id)
        await self.node.post(partner, view.room.id)
        await line.ask("ping")
        return Scene(self.node, view.room.id, actor, line, first, partner, self._cast[2])

    async def _actor(self, *, staff: bool) -> tuple[Person, Line]:
        if staff not in self._actors:
            person = await self.node.person("actor")
            if staff:
                await make_staff(self.node, person)
            self._actors[staff] = person, await self.node.connect(person)
        return self._actors[staff]


async def make_staff(node: Node, person: Person) -> None:
    def work(connection: Connection) -> None:
        connection.execute(update(users).where(users.c.number == person.number).values(is_staff=True))

    await node.app.db.write(work)
    node.app.committer.forget_users([person.number])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with node(tmp_path_factory.mktemp("rights")) as running:
        yield Stage(running)


# The table.


def expected(cell: str, who: str) -> str:
    """The code of the refusal; empty: allowed."""
    if cell == "as a member":
        return "" if who == "staff" else "not_member"
    if cell.startswith("up to"):
        return "forbidden"
    return "" if cell == "yes" else cell.strip("`")


HARMLESS = {
    Act.SEE,
    Act.TALK,
    Act.MENTION_ROOM,
    Act.PIN,
    Act.INVITE,
    Act.MUTE,
    Act.SLOW_MODE,
    Act.CHANGE,
    Act.RETENTION,
}
"""After these a scene is as good as before."""

CELLS = [
    pytest.param(Act(cells[0]), cell, kind, who, id=f"{cells[0]}-{kind}-{who}".replace(" ", "_"))
    for cells in rows(TABLE)
    for stands, cell in zip(COLUMNS.values(), cells[1:], strict=True)
    for kind, who in stands
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("act", "cell", "kind", "who"), CELLS)
async def test_promise_7_every_cell(stage: Stage, act: Act, cell: str, kind: str, who: str) -> None:
    """Rule 41."""
    for name, tried in ACTS[act].items():
        if name in TAKE_BACK and who == "staff outside":
            continue  # staff delete any message: another row
        scene = await stage.scene(kind, who, large=act is Act.MENTION_ROOM and kind != "direct")
        code = await tried(scene)
        if not code and (act not in HARMLESS or name in TAKE_BACK):
            stage.spent(kind, who)
        assert code == expected(cell, who), name


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("tried", ACTS[Act.MENTION_ROOM])
async def test_in_a_small_room_everybody_may_mention_it(stage: Stage, tried: str) -> None:
    scene = await stage.fresh("public", "member")
    assert await ACTS[Act.MENTION_ROOM][tried](scene) == ""


# Beside the table.


def named(tries: dict[str, Try]) -> list[Any]:
    return [pytest.param(tried, id=name) for name, tried in tries.items()]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", ["private", "direct"])
async def test_staff_are_outsiders_where_they_are_not_but_for_two_acts(stage: Stage, act: Act, kind: str) -> None:
    for name, tried in ACTS[act].items():
        scene = await stage.scene(kind, "staff outside")
        code = await tried(scene)
        if not code:
            stage.spent(kind, "staff outside")
        allowed = name in TAKE_BACK or (act, RoomKind(kind)) in rights.UNSEEN  # a message of anybody
        assert code == ("" if allowed else "not_found"), name


HIGHER = [("moderator", "moderator"), ("moderator", "admin"), ("moderator", "owner"), ("admin", "admin")]
HIGHER += [("admin", "owner"), ("moderator", "staff"), ("owner", "staff")]
UPON = {
    name: tried
    for act in (Act.REMOVE, Act.MUTE, Act.BAN, Act.ROLE)
    for name, tried in ACTS[act].items()
    if name not in ("rest_bans", "rest_unban", "unban")
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("who", "whom"), HIGHER)
async def test_nobody_acts_upon_those_who_stand_as_high(stage: Stage, who: str, whom: str) -> None:
    scene = await stage.fresh("public", who)
    if whom == "owner":
        scene.target = scene.owner
    elif whom == "staff":
        scene.target = await stage.node.person("staff")
        await make_staff(stage.node, scene.target)
        await stage.node.services.members.join(scene.target.caller, scene.room)
    else:
        members = stage.node.services.members
        await members.set_role(scene.owner.caller, scene.room, scene.target.id, Role(whom))
    for name, tried in UPON.items():
        if "role" in name and who == whom == "moderator":
            continue  # they have it already, and may not give any
        assert await tried(scene) == "forbidden", name


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("who", ["member", "moderator", "admin", "owner", "staff"])
async def test_nobody_acts_upon_themselves(stage: Stage, who: str) -> None:
    scene = await stage.fresh("public", who)
    scene.target = scene.actor
    for name, tried in UPON.items():
        assert await tried(scene) == "forbidden", name


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("who", ["moderator", "admin", "owner", "staff"])
async def test_a_role_that_is_given_is_lower_than_one_s_own(stage: Stage, who: str) -> None:
    given = {"member": 1, "moderator": 2, "admin": 3}
    own = {"moderator": 2, "admin": 3, "owner": 4, "staff": 5}[who]
    for role, height in given.items():
        scene = await stage.fresh("public", who)
        may_add, may_give = role == "member" or height < own, who != "moderator" and height < own
        expected = ["" if may_add else "forbidden"] * 2
        assert [
            await scene.rest("POST", "/members", {"user": scene.stranger.id, "role": role}),
            await (await stage.fresh("public", who)).say("add", user=scene.stranger.id, role=role),
        ] == expected, role
        expected = ["" if may_give else "forbidden"] * 2
        assert [
            await scene.rest("PATCH", f"/members/{scene.target.id}", {"role": role}),
            await (await stage.fresh("public", who)).say("role", user=scene.target.id, role=role),
        ] == expected, role


async def muted(scene: Scene) -> None:
    await scene.node.services.members.mute(scene.owner.caller, scene.room, scene.actor.id, None, 60)


async def archived(scene: Scene) -> None:
    answer = await scene.node.call(scene.owner, "PATCH", f"rooms/{scene.room}", {"archived": True})
    assert answer.is_success


async def banned(scene: Scene) -> None:
    await scene.node.services.members.ban(scene.owner.caller, scene.room, scene.actor.id, "")


async def blocked(scene: Scene) -> None:
    pair = scene.target.number, scene.actor.number
    await scene.node.app.db.write(blocks.add, *pair, 0)
    scene.node.services.voices.blocks_changed(*pair)


@pytest.mark.asyncio(loop_scope="module")
async def test_muted(stage: Stage) -> None:
    scene = await stage.fresh("public", "member")
    await muted(scene)
    for name, tried in TALK.items():
        assert await tried(scene) == "muted", name
    for name, tried in {**READ, **ACTS[Act.SEE], **TAKE_BACK}.items():
        assert await tried(scene) == "", name
    assert await scene.say("leave") == await scene.say("join") == ""
    assert await scene.say("post", body="x") == "muted"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("kind", ["public", "private"])
async def test_archived_for_its_owner(stage: Stage, kind: str) -> None:
    scene = await stage.fresh(kind, "owner")
    await archived(scene)
    closed = {**TALK, **TAKE_BACK, **ACTS[Act.PIN], **ACTS[Act.ADD], **ACTS[Act.SLOW_MODE], **ACTS[Act.RETENTION]}
    for name, tried in {**closed, **ACTS[Act.CHANGE]}.items():
        assert await tried(scene) == "archived", name
    assert await scene.rest("POST", "/invites", {}) == "archived"
    still = (Act.SEE, Act.ARCHIVE, Act.DELETE_MESSAGE, Act.MUTE, Act.ROLE, Act.BAN)
    for name, tried in {**READ, **{name: tried for act in still for name, tried in ACTS[act].items()}}.items():
        assert await tried(scene) == "", name
    assert await scene.rest("PATCH", "", {"archived": False, "title": "Open again"}) == ""
    assert await scene.say("post", body="x") == ""


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("tried", named(ACTS[Act.JOIN]))
async def test_nobody_joins_an_archived_room(stage: Stage, tried: Try) -> None:
    scene = await stage.fresh("public", "outsider")
    await archived(scene)
    assert await tried(scene) == "archived"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("tried", named(ACTS[Act.LEAVE]))
async def test_everybody_may_leave_an_archived_room(stage: Stage, tried: Try) -> None:
    scene = await stage.fresh("public", "member")
    await archived(scene)
    assert await tried(scene) == ""


@pytest.mark.asyncio(loop_scope="module")
async def test_banned(stage: Stage) -> None:
    for kind in ("public", "private"):
        scene = await stage.fresh(kind, "member")
        await banned(scene)
        for name, tried in {name: tried for tries in ACTS.values() for name, tried in tries.items()}.items():
            assert await tried(scene) == "not_found", (kind, name)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("kind", ["public", "private"])
async def test_who_is_banned_is_not_added(stage: Stage, kind: str) -> None:
    scene = await stage.fresh(kind, "moderator")
    await stage.node.services.members.ban(scene.actor.caller, scene.room, scene.stranger.id, "")
    for name, tried in ACTS[Act.ADD].items():
        assert await tried(scene) == "banned", name


@pytest.mark.asyncio(loop_scope="module")
async def test_blocked_in_a_direct_room(stage: Stage) -> None:
    scene = await stage.fresh("direct", "member")
    assert await scene.say("typing") == ""
    await blocked(scene)
    for name, tried in TALK.items():
        assert await tried(scene) == "blocked", name
    for name, tried in {**READ, **ACTS[Act.SEE], **TAKE_BACK}.items():
        assert await tried(scene) == "", name


@pytest.mark.asyncio(loop_scope="module")
async def test_who_is_blocked_does_not_bring_the_other_in(stage: Stage) -> None:
    scene = await stage.fresh("private", "owner")
    [scene.stranger] = await stage.node.people("shy")
    await stage.node.app.db.write(blocks.add, scene.stranger.number, scene.actor.number, 0)
    for name, tried in ACTS[Act.ADD].items():
        assert await tried(scene) == "blocked", name


NOTHING = "0197a1b0-0000-7000-8000-0000000000ff"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("kind", "who"), [("public", "outsider"), ("private", "outsider"), ("public", "member"), ("direct", "member")]
)
async def test_promise_7_who_may_not_act_is_not_told_who_is_there(stage: Stage, kind: str, who: str) -> None:
    upon = {**UPON, **ACTS[Act.BAN], **ACTS[Act.ADD], **ACTS[Act.TRANSFER]}
    scene = await stage.fresh(kind, who)
    known = [await tried(scene) for tried in upon.values()]
    unknown = Person(scene.target.caller.__class__(0, NOTHING, "", 0), "nobody", "", "")
    scene.target = scene.stranger = unknown
    assert known == [await tried(scene) for tried in upon.values()]
    assert "" not in known


def test_the_document_names_what_was_tried() -> None:
    for word in ("muted", "banned", "removed", "blocked", "archived", "deleted room", "slow mode"):
        assert re.search(rf"^\* \*{word}\*: ", section(6), re.MULTILINE), word
