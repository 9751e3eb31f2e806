"""A little of everything that requests can be about: people, rooms, messages, and what staff and backends keep."""

from dataclasses import dataclass
from typing import Any

from support.bad_input import SECRET
from support.node import Node, Person
from support.staff import staff_person
from tertulia.services.rooms import Settings

NOBODY = "0197a1b0-0000-7000-8000-000000000001"
CLOSED = "http://127.0.0.1:9/hook"
"""An address at which nobody listens."""


@dataclass(frozen=True)
class Scene:
    """`names`: for each kind of thing, what requests may call it; also by names of things that are not there."""

    node: Node
    owner: Person
    member: Person
    stranger: Person
    staff: Person
    key: str
    names: dict[str, list[Any]]

    def token(self, who: str) -> str:
        return self.key if who == "key" else str(getattr(self, who).token)


async def scene(node: Node, key: str) -> Scene:
    """A new one, beside all that are there. `key`: a server key that may do everything; there can be few."""
    owner, member, stranger = await node.people("owner", "member", "stranger")
    staff = await staff_person(node)
    rooms = await _rooms(node, owner, member)
    things = {
        "report": await _made(node, owner, f"rooms/{rooms[0]}/messages/1/report", reason="rude"),
        "invite": await _made(node, owner, f"rooms/{rooms[0]}/invites"),
        "webhook": await _webhook(node, staff),
    }
    sessions = (await node.call(owner, "GET", "me/sessions")).json()["items"]
    people = [person.id for person in (owner, member, stranger, staff)]
    names: dict[str, list[Any]] = {
        "room": [*rooms, f"external:room of {owner.name}"],
        "user": [*people, f"external:{owner.name}"],
        "index": [1, 2, 3, 99],
        "code": [things["invite"]["code"]],
        "session": [sessions[0]["id"]],
        "emoji": ["👍", "a"],
        "word": ["rude*", "a%2Fb"],
        **{name: [thing["id"]] for name, thing in things.items()},
    }
    for kind in names.keys() - {"index", "emoji", "word"}:
        names[kind] += [NOBODY, SECRET]
    names["partner"] = names["sender"] = names["owner"] = names["user"]
    return Scene(node, owner, member, stranger, staff, key, names)


async def _rooms(node: Node, owner: Person, member: Person) -> list[str]:
    """Public, private, of others, archived, direct; with messages, a pin, a ban."""
    public = await node.room(owner, member)
    private = await node.room(owner, member, kind="private")
    other = await node.room(member, kind="private")
    archived = await node.room(owner)
    direct, _ = await node.services.rooms.open_direct(owner.caller, member.id)
    for room in (public, private, direct.room.id):
        for person in (owner, member):
            await node.post(person, room)
    await node.post(member, other)
    await node.services.messages.pin(owner.caller, public, 1, on=True)
    await node.services.rooms.change(owner.caller, archived, Settings(archived=True))
    return [public, private, direct.room.id, other, archived]


async def _webhook(node: Node, staff: Person) -> Any:
    """The one that is there, for there may be few."""
    there = (await node.call(staff, "GET", "staff/webhooks")).json()["items"]
    return there[0] if there else await _made(node, staff, "staff/webhooks", url=CLOSED, events=["report"])


async def _made(node: Node, person: Person, path: str, **body: Any) -> Any:
    response = await node.call(person, "POST", path, body)
    assert response.is_success, response.text
    return response.json()
