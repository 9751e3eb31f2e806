"""What a batch says to webhooks: recorded with what it tells, once, and never instead of it."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from support.clock import FakeClock
from support.databases import ON_SQLITE
from support.heart import Heart, heart
from tertulia.domain.changes import AddMember, Change, CreateRoom, Delete, DeleteRoom, Edit, Join, Leave, Post, React
from tertulia.domain.ids import new_id
from tertulia.domain.models import RoomKind
from tertulia.domain.webhooks import EVENTS, Webhook
from tertulia.storage import webhooks

ALL = ("message", "edit", "delete", "mention", "member", "report")


def add(h: Heart, *events: str) -> Webhook:
    """As another process would."""
    new = Webhook(0, new_id(), "https://app.example/", "s" * 20, events or EVENTS, 1)  # type: ignore[arg-type]
    return h.write(webhooks.create, new)


def told(h: Heart) -> list[dict[str, Any]]:
    def look(connection: Connection) -> list[dict[str, Any]]:
        rows = connection.exec_driver_sql("SELECT webhook, room, audience, payload FROM deliveries ORDER BY number")
        return [
            {**json.loads(row.payload), "webhook": row.webhook, "row": row.room, "audience": row.audience}
            for row in rows
        ]

    return h.read(look)


def events(h: Heart) -> list[str]:
    return [one["event"] for one in told(h)]


async def test_each_event_is_told_with_who_did_it(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        add(h)
        room = await h.room(ann, bob)
        await h.post(room, ann, "hello @bob")
        await h.commit(Edit(room, ann, 1, "hello"))
        await h.commit(React(room, bob, 1, "👍", on=True))
        await h.commit(Delete(room, ann, 1))
        await h.commit(Leave(room, bob))
        rows = told(h)
        assert [row["event"] for row in rows] == [
            "member", "member", "message", "mention", "edit", "delete", "member",
        ]  # fmt: skip
        made, joined, message, mention, edit, delete, left = rows
        assert all(row["room"]["id"] == h.row(room).id and row["row"] == room for row in rows)
        assert all(row["room"]["kind"] == "public" for row in rows)
        assert made["by"]["username"] == "ann"
        assert [member["role"] for member in made["members"]] == ["owner"]
        assert [member["user"]["username"] for member in joined["members"]] == ["bob"]
        assert joined["message"]["notice"]["type"] == "joined"
        assert message["by"]["username"] == "ann"
        assert message["message"]["body"] == mention["message"]["body"] == "hello @bob"
        assert message["audience"] is None
        assert json.loads(mention["audience"]) == {
            "sender": ann, "users": [h.user(bob).id], "room": False, "mention": True,
        }  # fmt: skip
        assert edit["message"]["body"] == "hello"
        assert delete["message"]["body"] is None
        assert left["members"][0]["left_at"]


async def test_a_message_and_its_edit_in_one_batch_are_told_as_they_were(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        add(h, "message", "edit", "delete")
        room = await h.room(ann)
        await h.accepted(Post(room, ann, "one"))
        first, third = Post(room, ann, "two"), Post(room, ann, "three")
        batch: list[Change] = [first, Edit(room, ann, 1, "uno"), Delete(room, ann, 1), third]
        await h.together(*batch)
        rows = told(h)
        assert [(row["event"], row["message"]["body"]) for row in rows] == [
            ("message", "one"),
            ("message", "two"),
            ("edit", "uno"),
            ("delete", None),
            ("message", "three"),
        ]


async def test_an_edited_message_that_is_reacted_to_is_no_edit(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        add(h)
        room = await h.room(ann)
        await h.post(room, ann)
        await h.together(Edit(room, ann, 1, "new"), React(room, ann, 1, "👍", on=True))
        await h.commit(React(room, ann, 1, "👍", on=False))
        assert events(h) == ["member", "message", "edit"]


async def test_a_direct_room_names_its_other_person(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        add(h)
        made = await h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=bob))
        assert made.room is not None
        await h.post(made.room.number, bob, "psst")
        member, message = told(h)
        assert len(member["members"]) == 2
        assert message["room"]["kind"] == "direct"
        assert json.loads(message["audience"]) == {"sender": bob, "users": [], "room": True, "mention": False}


async def test_each_webhook_gets_what_it_wants(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        messages, members, both = add(h, "message"), add(h, "member"), add(h, "message", "member")
        room = await h.room(ann)
        await h.post(room, ann)
        rows = [(row["webhook"], row["event"]) for row in told(h)]
        assert sorted(rows) == [
            (messages.number, "message"),
            (members.number, "member"),
            (both.number, "member"),
            (both.number, "message"),
        ]


async def test_what_changes_nothing_is_not_told(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        await h.post(room, ann, "key", client_id="key")
        add(h)
        await h.post(room, ann, "key", client_id="key")
        await h.commit(Join(room, ann))
        await h.refused(Post(room, bob, "no"))
        await h.refused(AddMember(room, bob, bob))
        await h.commit(DeleteRoom(room, ann))
        assert told(h) == []


async def test_nothing_is_told_that_was_not_stored_and_all_is_that_was(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        add(h, "message")
        room = await h.room(ann)
        h.faults.append("before")
        await h.together(Post(room, ann, "one"))
        h.faults.append("after")
        await h.together(Post(room, ann, "two"))
        assert [row["message"]["body"] for row in told(h)] == h.bodies(room)
        assert len(told(h)) == len({row["message"]["id"] for row in told(h)})


async def test_webhooks_that_come_and_go_are_noticed_at_once(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann, "before")
        hook = add(h, "message")
        await h.post(room, ann, "told")
        h.write(lambda connection: connection.exec_driver_sql("DELETE FROM deliveries"))
        assert h.write(webhooks.remove_slice, hook.number, 100)
        await h.post(room, ann, "after")
        assert told(h) == []

        def here(connection: Connection) -> None:  # as this process's own management does
            webhooks.create(connection, Webhook(0, new_id(), "https://a.example/", "s" * 20, ("message",), 1))
            h.committer.forget_webhooks()

        await h.writer.run(here)
        await h.post(room, ann, "told too")
        assert [row["message"]["body"] for row in told(h)] == ["told too"]


@ON_SQLITE
async def test_without_webhooks_a_post_costs_no_statement_more(tmp_path: Path) -> None:
    async with heart(tmp_path, FakeClock()) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann)
        before = len(h.statements)
        await h.post(room, ann)
        said = h.statements[before:]
        assert not [statement for statement in said if "webhooks" in statement or "deliveries" in statement]
        add(h, "message")
        await h.post(room, ann)
        before = len(h.statements)
        await h.together(*(Post(room, ann, f"{number}") for number in range(50)))
        said = [
            statement for statement in h.statements[before:] if "webhooks" in statement or "deliveries" in statement
        ]
        assert len(said) == 1
        assert len(told(h)) == 51
