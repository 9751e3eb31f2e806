"""The table of rights in docs/protocol.md, cell by cell, by REST and by socket."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from protocol.test_document import rows, section
from support.node import Line, Node, Person, node

TABLE = rows(section(6).split("Who may do what:")[1])


@dataclass
class Scene:
    """A room in which `actor` and somebody else have each posted a message: `own` and `others`."""

    node: Node
    room: str
    actor: Person
    other: Person
    line: Line
    own: int
    others: int

    async def rest(self, method: str, path: str = "", body: Any = None) -> tuple[int, str]:
        response = await self.node.call(self.actor, method, f"rooms/{self.room}{path}", body)
        code = "" if response.is_success else response.json()["code"]
        return response.status_code, code

    async def say(self, cmd: str, **fields: Any) -> tuple[int, str]:
        """The status that the answer would have on REST."""
        reply = await self.line.ask(cmd, room=self.room, **fields)
        code = reply["error"]["code"] if "error" in reply else ""
        return {"": 200, "not_found": 404, "direct_room": 409}.get(code, 403), code

    async def subscribe(self) -> tuple[int, str]:
        await self.line.ask("unsubscribe", room=self.room)
        before = len(self.line.frames)
        await self.line.ask("subscribe", room=self.room)
        frame = await self.line.until(
            lambda frame: frame in self.line.frames[before:] and frame.get("ev") in ("reload", "gone")
        )
        return (404, "not_found") if frame["ev"] == "gone" else (200, "")


Act = Callable[[Scene], Awaitable[tuple[int, str]]]
USER = {"user": "0197a1b0-0000-7000-8000-000000000001"}

ACTS: dict[str, dict[str, Act]] = {
    "see, read, subscribe": {
        "see": lambda s: s.rest("GET"),
        "members": lambda s: s.rest("GET", "/members"),
        "messages": lambda s: s.rest("GET", "/messages"),
        "message": lambda s: s.rest("GET", "/messages/1"),
        "history": lambda s: s.say("history"),
        "subscribe": Scene.subscribe,
    },
    "join": {"join": lambda s: s.rest("POST", "/join")},
    "post, react, typing, read position": {
        "rest_post": lambda s: s.rest("POST", "/messages", {"body": "hi"}),
        "rest_react": lambda s: s.rest("PUT", f"/messages/{s.others}/reactions/👍"),
        "rest_unreact": lambda s: s.rest("DELETE", f"/messages/{s.others}/reactions/👍"),
        "rest_read": lambda s: s.rest("PUT", "/read", {"index": 1}),
        "post": lambda s: s.say("post", body="hi"),
        "react": lambda s: s.say("react", index=s.others, emoji="👍"),
        "typing": lambda s: s.say("typing"),
        "read": lambda s: s.say("read", index=1),
    },
    "edit, delete own message": {
        "rest_edit": lambda s: s.rest("PATCH", f"/messages/{s.own}", {"body": "new"}),
        "rest_delete": lambda s: s.rest("DELETE", f"/messages/{s.own}"),
        "edit": lambda s: s.say("edit", index=s.own, body="new"),
        "delete": lambda s: s.say("delete", index=s.own),
    },
    "delete others' messages": {
        "rest_delete": lambda s: s.rest("DELETE", f"/messages/{s.others}"),
        "delete": lambda s: s.say("delete", index=s.others),
    },
    "change, delete the room, add and remove members": {
        "change": lambda s: s.rest("PATCH", "", {"title": "new"}),
        "delete": lambda s: s.rest("DELETE"),
        "add": lambda s: s.rest("POST", "/members", {"user": s.other.id}),
        "remove": lambda s: s.rest("DELETE", f"/members/{s.other.id}"),
    },
    "leave": {"leave": lambda s: s.rest("POST", "/leave")},
}

COLUMNS: dict[str, list[tuple[str, str]]] = {
    # column → (kind of the room, who the actor is)
    "public: anybody signed in": [("public", "outsider")],
    "public: member": [("public", "member")],
    "private, direct: outsider": [("private", "outsider"), ("direct", "outsider")],
    "private, direct: member": [("private", "member"), ("direct", "member")],
    "owner": [("public", "owner"), ("private", "owner")],
}
HEAD = re.search(r"^\| \| public: .*$", section(6), re.MULTILINE)


def test_the_table_has_the_rows_and_columns_that_are_tested() -> None:
    assert HEAD is not None
    assert [cell.strip() for cell in HEAD.group().strip("|").split("|")][1:] == list(COLUMNS)
    assert [cells[0] for cells in TABLE] == list(ACTS)


async def scene(running: Node, kind: str, who: str) -> Scene:
    """An outsider was a member, and posted."""
    actor, other, third = await running.people("actor", "other", "third")
    owner = actor if who == "owner" else other
    if kind == "direct":
        first = third if who == "outsider" else actor
        view, _ = await running.services.rooms.open_direct(first.caller, other.id)
        room, own = view.room.id, 1
        await running.post(first, room)
    else:
        members = [person for person in (actor, other) if person is not owner]
        room = await running.room(owner, *members, kind=kind)
        own = (await running.post(actor, room)).index
        if who == "outsider":
            await running.services.members.leave(actor.caller, room)
    others = (await running.post(other, room)).index
    line = await running.connect(actor)
    return Scene(running, room, actor, other, line, own, others)


def expected(cell: str, kind: str, row: str, act: str) -> tuple[bool, str]:
    """Whether it is allowed, and the code if not."""
    if kind == "direct" and cell != "404":
        if row.startswith(("change", "leave")):
            return False, "direct_room"
        return cell.startswith("yes"), "forbidden"
    if cell.startswith("yes"):
        return True, ""
    code = re.search(r"`(\w+)`", cell)
    return False, code.group(1) if code else {"404": "not_found"}[cell]


CELLS = [
    pytest.param(cells[0], cell, kind, who, act, id=f"{act}-{kind}-{who}")
    for cells in TABLE
    for column, cell in zip(COLUMNS, cells[1:], strict=True)
    for kind, who in COLUMNS[column]
    for act in ACTS.get(cells[0], ())
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """One for all cells; each has people and a room of its own."""
    async with node(tmp_path_factory.mktemp("rights")) as running:
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("row", "cell", "kind", "who", "act"), CELLS)
async def test_promise_7_every_cell(running: Node, row: str, cell: str, kind: str, who: str, act: str) -> None:
    there = await scene(running, kind, who)
    status, code = await ACTS[row][act](there)
    allowed, refusal = expected(cell, kind, row, act)
    assert (status < 300) == allowed, (status, code)
    assert code == ("" if allowed else refusal)
