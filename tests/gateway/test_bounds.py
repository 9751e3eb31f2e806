"""What one person may cost the server: memory, commits, fan-out, reads; however many connections they open."""

import gc
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.node import Node, Person, node
from tertulia.domain.models import Page, Snapshot

LONG = "x" * 16_000


def alive(kind: type) -> int:
    """How many objects of this kind are in memory."""
    return sum(type(one) is kind for one in gc.get_objects())


def code(reply: dict[str, Any]) -> str:
    return str(reply.get("error", {}).get("code", ""))


async def full_room(running: Node, owner: Person) -> str:
    """With more in its newest page than a congested line takes."""
    room = await running.room(owner)
    for _ in range(6):
        await running.post(owner, room, LONG)
    return room


async def test_who_does_not_read_holds_one_page_of_history_not_all_that_were_asked_for(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await full_room(running, ana)
        line = await running.connect(ana)
        line.stalled = True
        asked = [line.say("history", room=room, limit=100) for _ in range(40)]
        await running.settle()
        assert alive(Page) <= 2
        for _ in asked:
            line.drain(size=1_000_000)
            await running.settle()
        line.drain()
        for number in asked:
            assert len((await line.reply(number))["messages"]) > 5


async def test_who_does_not_read_holds_one_snapshot_of_the_rooms_that_were_asked_for(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        ana, eve = await running.people("ana", "eve")
        rooms = [await full_room(running, ana) for _ in range(12)]
        line = await running.connect(eve)
        line.stalled = True
        asked = [line.say("subscribe", room=room) for room in rooms]
        await running.settle()
        assert alive(Snapshot) <= 2
        line.drain()
        for number in asked:
            assert code(await line.reply(number)) == ""
        await line.count(len(rooms), "reload")


async def test_a_line_that_is_cut_lets_go_of_all_that_waited_for_it(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await full_room(running, ana)
        line = await running.connect(ana)
        line.stalled = True
        for _ in range(20):
            line.say("history", room=room)
        await running.settle()
        line.cut()
        await running.settle()
        assert alive(Page) == 0


@pytest.mark.parametrize("act", ["edit", "react", "delete"])
async def test_changes_are_limited_for_a_user_not_for_a_connection(tmp_path: Path, act: str) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=5) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)  # the first change of both
        index = (await running.post(ana, room)).index
        fields = {"edit": {"body": "again"}, "react": {"emoji": "👍"}, "delete": {}}[act]
        lines = [await running.connect(ana) for _ in range(3)]
        codes = [code(await line.ask(act, room=room, index=index, **fields)) for line in lines * 2]
        assert codes == [""] * 4 + ["rate_limited"] * 2
        other = await running.connect(ben)
        assert code(await other.ask("react", room=room, index=index, emoji="👎")) in ("", "deleted")
        await running.pass_time(2)
        assert code(await lines[0].ask(act, room=room, index=index, **fields)) == ""


async def test_joining_and_leaving_and_making_rooms_have_the_same_limit(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=6) as running:
        ana, bob, eve = await running.people("ana", "bob", "eve")
        room = await running.room(ana)
        calls = [
            ("POST", f"rooms/{room}/join", None),
            ("POST", f"rooms/{room}/leave", None),
            ("POST", "rooms", {"name": "mine"}),
            ("PUT", f"users/{ana.id}/direct", None),
            ("POST", f"rooms/{room}/join", None),
            ("POST", f"rooms/{room}/leave", None),
        ]
        for method, path, body in calls:
            assert (await running.call(eve, method, path, body)).is_success, path
        opened = calls.pop(3)  # a direct room that is there is only shown
        assert (await running.call(eve, *opened)).is_success
        for method, path, body in [
            *calls,
            ("PUT", f"users/{bob.id}/direct", None),
            ("PATCH", f"rooms/{room}", {"title": "x"}),
            ("DELETE", f"rooms/{room}", None),
            ("POST", f"rooms/{room}/members", {"user": ana.id}),
            ("DELETE", f"rooms/{room}/members/{ana.id}", None),
            ("DELETE", f"rooms/{room}/messages/1", None),
        ]:
            refused = await running.call(eve, method, path, body)
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited"), path
            assert refused.headers["retry-after"] == "1"


async def test_the_limit_tells_nothing_about_rooms(tmp_path: Path) -> None:
    """Promise 7: the same answer for a private room of others and for none, also beyond the limit."""
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=1) as running:
        ana, eve = await running.people("ana", "eve")
        private = await running.room(ana, kind="private")
        await running.post(ana, private)
        line = await running.connect(eve)
        nothing = "0197a1b0-0000-7000-8000-000000000001"
        assert code(await line.ask("delete", room=private, index=1)) == "not_found"
        for room in (private, nothing):
            assert code(await line.ask("delete", room=room, index=1)) == "rate_limited"


async def test_commands_are_limited_for_a_user_too(tmp_path: Path) -> None:
    """Four times what a connection may: a hundred connections must not be a hundred times as much."""
    async with node(tmp_path, FakeClock(), command_rate=5) as running:
        ana, ben = await running.people("ana", "ben")
        lines = [await running.connect(ana) for _ in range(8)]
        codes = [code(await line.ask("ping")) for line in lines for _ in range(9)]
        assert codes == [""] * 40 + ["rate_limited"] * 32
        other = await running.connect(ben)
        assert code(await other.ask("ping")) == ""


async def test_coming_back_again_and_again_is_limited(tmp_path: Path) -> None:
    """`hello` is the dearest of all commands, and each connection may say it once."""
    async with node(tmp_path, FakeClock(), connections_per_user=10) as running:
        ana, ben = await running.people("ana", "ben")
        for _ in range(20):
            (await running.connect(ana)).cut()
        line = running.open(ana)
        line.say("hello")
        assert (await line.event("bye"))["code"] == 4003
        assert await line.closed() == 4003
        await running.connect(ben)
        await running.pass_time(2)
        await running.connect(ana)


async def test_a_post_that_is_repeated_for_ever_ends_the_connection(tmp_path: Path) -> None:
    """It is answered whatever the limit of posts says (promise 3), so another one must hold it back."""
    async with node(tmp_path, FakeClock(), post_rate=0.01, post_burst=1, command_rate=5) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        line = await running.connect(ana)
        post = {"room": room, "client_id": "the very same one"}
        assert "message" in await line.ask("post", body="hello", **post)
        assert (await line.ask("post", body="hello", **post))["duplicate"]
        assert code(await line.ask("post", body="other", **post)) == "client_id_reused"
        for number in range(230):
            line.say("post", body="hello" if number % 2 else "other", **post)
            await running.settle()
        assert (await line.event("bye"))["code"] == 4003


async def test_positions_of_a_room_that_is_not_followed_are_gathered_too(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        for _ in range(9):
            await running.post(ana, room)
        watching, line = await running.connect(ana), await running.connect(ben)
        await line.ask("unsubscribe", room=room)
        for index in range(1, 10):
            assert code(await line.ask("read", room=room, index=index)) == ""
        await running.pass_time(1)
        [receipt] = [event for event in watching.events("receipt") if event["receipts"][0]["user"] == ben.id]
        assert receipt["receipts"][0]["read_index"] == 9


async def test_nobody_can_make_an_event_carry_an_id_of_their_own(tmp_path: Path) -> None:
    """A UUID can be written in many ways; others know the room by one of them."""
    async with node(tmp_path, FakeClock()) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        watching, line = await running.connect(ana), await running.connect(ben)
        await line.ask("unsubscribe", room=room)
        digits = room.replace("-", "")
        for written in (f"----{digits}", f"{{-{digits}-}}", room.translate({ord("0"): "０"}), f"{room[:-1]}_"):
            assert code(await line.ask("typing", room=written)) in ("not_found", "invalid")
        await line.ask("typing", room=room.upper())
        await running.pass_time(1)
        assert [event["room"] for event in watching.events("typing")] == [room]


async def test_promise_7_the_name_of_a_private_room_is_not_told_by_a_refusal(tmp_path: Path) -> None:
    """Names are unique among public rooms only: else asking for one tells which private ones there are."""
    async with node(tmp_path) as running:
        ana, eve = await running.people("ana", "eve")
        await running.room(ana, kind="private", name="merger")
        mine = await running.room(eve, kind="private", name="takeover")
        public = await running.room(eve, name="merger")
        assert (await running.call(eve, "PATCH", f"rooms/{mine}", {"name": "merger"})).status_code == 200
        refused = await running.call(ana, "POST", "rooms", {"name": "merger"})
        assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
        other = await running.room(ana, name="other")
        assert (await running.call(ana, "PATCH", f"rooms/{other}", {"name": "merger"})).status_code == 409
        assert (await running.call(eve, "DELETE", f"rooms/{public}")).status_code == 204
        assert (await running.call(ana, "PATCH", f"rooms/{other}", {"name": "merger"})).status_code == 200


async def test_a_list_of_rooms_is_bounded_in_bytes(tmp_path: Path) -> None:
    """A hundred rooms whose last messages are as long as they may be would be 6 MB, encoded on the event loop."""
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        made = {await running.room(ana) for _ in range(12)}
        for room in made:
            await running.post(ana, room, "🙂" * 16_384)
        found: list[str] = []
        cursor = ""
        for _ in range(len(made)):
            page = await running.call(ana, "GET", f"rooms?limit=100{cursor}")
            assert len(page.content) < 300_000
            found += [room["id"] for room in page.json()["items"]]
            if page.json()["next"] is None:
                break
            cursor = f"&cursor={page.json()['next']}"
        assert len(found) == len(made)
        assert set(found) == made
