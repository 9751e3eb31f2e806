"""Deleting an account: at once for the person, room by room for the others."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from support.clock import FakeClock
from support.node import Node, Person, node
from support.staff import make_staff, staff_person
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Role
from tertulia.domain.words import Action
from tertulia.storage import erasure
from tertulia.storage.users import by_numbers


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def delete(running: Node, person: Person, *, blank: bool = False) -> None:
    await running.services.erasure.delete_own(person.caller, None, blank=blank)
    await until_told(running)


async def until_told(running: Node) -> None:
    while await running.app.db.read(erasure.pending) is not None:
        await running.settle()
    await running.settle()


TABLES = ("users", "sessions", "rooms", "members", "messages", "links", "blocks", "mentions", "reports", "avatars")


async def everything(running: Node, *tables: str) -> str:
    """What is in `tables` as text; without any, in all but the audit log."""

    def dump(connection: Connection) -> str:
        rows = (row for table in tables or TABLES for row in connection.execute(text(f"SELECT * FROM {table}")))
        return json.dumps([str(row) for row in rows])

    return await running.app.db.read(dump)


async def history(running: Node, person: Person, room: str) -> list[dict[str, Any]]:
    response = await running.call(person, "GET", f"rooms/{room}/messages")
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_messages_stay_and_their_author_is_shown_as_deleted_live_and_to_who_comes_later(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.post(ben, room, "hello from ben")
    line = await running.connect(ana)
    await delete(running, ben)
    event = await line.until(lambda frame: frame.get("ev") == "member" and "left_at" in frame["members"][0])
    assert event["members"][0]["user"]["deleted"] is True
    assert ben.name not in json.dumps(event)
    seqs = line.seqs(room)
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))  # the notices follow, in order
    shown = await history(running, ana, room)
    assert ben.name not in json.dumps(shown)
    [message] = [row for row in shown if row["kind"] == "message"]
    assert message["body"] == "hello from ben"
    assert message["sender"] == {
        "id": ben.id, "number": ben.number, "username": f"deleted-{ben.number}", "deleted": True,
    }  # fmt: skip


async def test_nothing_personal_is_left_in_the_database(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    await running.services.members.add(ana.caller, room, ben.id)
    await running.call(ben, "PATCH", "me", {"first_name": "Benedict", "last_name": "Oddname"})
    await running.services.members.leave(ben.caller, room)
    await delete(running, ben)
    left = await everything(running)
    assert ben.name not in left
    assert "Benedict" not in left
    assert "Oddname" not in left


async def test_on_request_what_they_wrote_is_blanked(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    direct, _ = await running.services.rooms.open_direct(ben.caller, ana.id)
    for where in (room, direct.room.id):
        await running.post(ben, where, "a secret of ben's")
    await running.services.members.leave(ben.caller, room)
    await delete(running, ben, blank=True)
    for where in (room, direct.room.id):
        [message] = [row for row in await history(running, ana, where) if row["kind"] == "message"]
        assert message["body"] is None
        assert "deleted_at" in message
    assert "secret" not in await everything(running)


async def test_what_a_server_key_posted_for_who_was_no_member_is_blanked(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    rooms = [await running.room(ana, kind="private") for _ in range(3)]
    for room in rooms[:2]:
        for key in ("the order's first", None):  # posts with and without a client_id
            await running.services.server_rooms.post(room, ben.id, "a secret of ben's", key)
    await running.post(ana, rooms[2], "hello")
    await delete(running, ben, blank=True)
    left = await everything(running)
    assert "secret" not in left
    assert ben.name not in left
    assert "hello" in left


async def test_a_report_of_what_is_being_blanked_forgets_the_text(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.post(ben, room, "a secret of ben's")
    user = await running.services.people.user(ben.number)
    await running.app.db.write(lambda connection: erasure.delete_account(connection, user, 1, blank=True))
    await running.services.reports.message(ana.caller, room, 1, "rude")  # the rooms do not know of it yet
    assert "secret" in await everything(running)
    await running.services.erasure.tell_rooms()
    assert "secret" not in await everything(running)


@pytest.mark.parametrize("blank", [False, True])
async def test_neither_reports_of_the_name_nor_the_audit_log_keep_it(running: Node, blank: bool) -> None:
    ana, ben = await running.people("ana", "ben")
    _, key = await running.services.keys.create("shop", ["users"])
    room = await running.room(ana, ben)
    await running.services.words.put(None, "oddname", Action.REPORT)
    await running.call(ben, "PATCH", "me", {"first_name": "Benedict", "last_name": "Oddname"})
    await running.post(ben, room, "this has oddname in it")
    assert "Oddname" in await everything(running)
    headers = {"authorization": f"Bearer {key}"}
    path = f"/api/v1/server/users/{ben.id}?erase_messages={blank}"
    assert (await running.http.delete(path, headers=headers)).status_code == 204
    await until_told(running)
    left = await everything(running)
    assert "Oddname" not in left
    assert ("oddname in it" in left) is not blank  # what they wrote stays, unless they want it blanked
    assert ben.name not in left
    assert ben.name not in await everything(running, "audit")


async def test_when_they_were_last_seen_is_not_written_after_the_deletion(running: Node) -> None:
    [ben] = await running.people("ben")
    await running.connect(ben)
    await delete(running, ben)
    await running.pass_time(90)
    seen = await running.app.db.read(lambda connection: connection.scalar(text("SELECT max(last_seen_at) FROM users")))
    assert seen is None


async def test_nobody_acts_as_the_user_that_was_while_their_sessions_end(running: Node) -> None:
    """What is cached of the user is forgotten before anybody hears of the end of the sessions."""
    [ben] = await running.people("ben")
    heard: list[str] = []
    running.services.people.on_changed(lambda _: heard.append("changed"))
    running.services.sessions.on_ended(lambda _ended, _inactive: heard.append("ended"))
    await delete(running, ben)
    assert heard[:2] == ["changed", "ended"]


async def test_the_last_of_the_staff_cannot_go(running: Node) -> None:
    staff, ben = await staff_person(running), await running.person("ben")
    response = await running.call(staff, "DELETE", "me", {})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert (await running.call(staff, "GET", "me")).json()["username"] == staff.name
    await make_staff(running, ben)
    assert (await running.call(staff, "DELETE", "me", {})).status_code == 204


async def test_invitations_that_they_made_are_not_good_any_more(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ben, ana, kind="private")
    made = await running.services.invites.make(ben.caller, room, 3_600, None)
    await delete(running, ben)
    response = await running.call(cleo, "POST", f"invites/{made.code}/join")
    assert response.json()["code"] == "invite_invalid"


async def test_the_account_is_gone_at_once(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    line = await running.connect(ben)
    assert (await running.call(ben, "DELETE", "me", {})).status_code == 204
    assert await line.closed() == 4501
    assert (await running.call(ben, "GET", "me")).status_code == 401
    assert (await running.call(ana, "GET", f"users/{ben.id}")).status_code == 404
    found = (await running.call(ana, "GET", f"users?q={ben.name}")).json()
    assert found["items"] == []


async def test_who_has_a_password_must_give_it(running: Node) -> None:
    body = {"username": "cleo", "password": "a good long password"}
    made = (await running.http.post("/api/v1/auth/register", json=body)).json()
    headers = {"authorization": f"Bearer {made['tokens']['access']}"}
    for wrong in ({}, {"password": "another one"}):
        response = await running.http.request("DELETE", "/api/v1/me", json=wrong, headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "wrong_credentials")
    right = {"password": body["password"]}
    assert (await running.http.request("DELETE", "/api/v1/me", json=right, headers=headers)).status_code == 204
    again = await running.http.post("/api/v1/auth/login", json=body)
    assert again.json()["code"] == "wrong_credentials"
    assert (await running.http.post("/api/v1/auth/register", json=body)).status_code == 201  # the name is free again


async def test_rooms_of_the_owner_go_to_the_oldest_admin_then_to_the_oldest_member(running: Node) -> None:
    ana, ben, cleo, dora = await running.people("ana", "ben", "cleo", "dora")
    ruled, plain = await running.room(ana, ben, cleo, dora), await running.room(ana, ben, cleo)
    await running.services.members.set_role(ana.caller, ruled, dora.id, Role.ADMIN)
    await running.services.members.set_role(ana.caller, ruled, cleo.id, Role.ADMIN)
    await delete(running, ana)
    roles = {
        room: {row["user"]["username"]: row["role"] for row in members["items"]}
        for room in (ruled, plain)
        if (members := (await running.call(ben, "GET", f"rooms/{room}/members")).json())
    }
    assert roles[ruled] == {ben.name: "member", cleo.name: "owner", dora.name: "admin"}
    assert roles[plain] == {ben.name: "owner", cleo.name: "member"}


async def test_what_a_crash_left_undone_is_done_after_the_start(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as first:
        ana, ben = await first.people("ana", "ben")
        room = await first.room(ana, ben)
        await first.post(ben, room, "bye")

        def only_the_account(connection: Connection) -> list[str]:
            user = by_numbers(connection, [ben.number])[ben.number]
            return erasure.delete_account(connection, user, first.app.clock.now(), blank=True)

        await first.app.db.write(only_the_account)
        shown = await history(first, ana, room)
        assert [row["body"] for row in shown if row["kind"] == "message"] == ["bye"]
    async with node(tmp_path, FakeClock()) as second:
        await until_told(second)
        ana = await second.sign_in(ana.name)
        shown = await history(second, ana, room)
        assert [row["body"] for row in shown if row["kind"] == "message"] == [None]
        assert ben.name not in json.dumps(shown)


async def test_more_notices_than_fit_one_change(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "NOTICES_AT_ONCE", 3)
    monkeypatch.setattr(erasure, "SPAN", 2)
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    for number in range(5):
        await running.services.members.join(ben.caller, room)
        await running.post(ben, room, f"word {number}")
        await running.services.members.leave(ben.caller, room)
        await running.pass_time(5)
    await delete(running, ben, blank=True)
    shown = await history(running, ana, room)
    assert ben.name not in json.dumps(shown)
    assert {row["body"] for row in shown} == {None}


@pytest.mark.parametrize("name", ["deleted-7", "Deleted-x", "room", "ROOM"])
async def test_nobody_can_be_called_like_a_deleted_account_or_the_whole_room(running: Node, name: str) -> None:
    with pytest.raises(Rejection, match="reserved"):
        await running.services.accounts.create_superuser(name, None, "a good long password")


async def test_two_at_once_delete_once(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    user = await running.services.people.user(ben.number)
    await running.post(ben, room, "a secret of ben's")
    for blank in (False, True, False):
        await running.services.erasure.delete(user, blank=blank)
    await until_told(running)
    assert "secret" not in await everything(running)  # who wants it blanked gets it
    members = (await running.call(ana, "GET", f"rooms/{room}/members")).json()["items"]
    assert [row["user"]["username"] for row in members] == [ana.name]
