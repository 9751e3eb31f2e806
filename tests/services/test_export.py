"""Export my data: all of mine, nothing of others."""

import json
from pathlib import Path

from support.clock import FakeClock
from support.node import node
from tertulia.storage import export


async def test_everything_of_mine_and_nothing_of_others(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        ana, ben = await running.people("ana", "ben")
        room, left = await running.room(ana, ben, kind="private"), await running.room(ana, ben)
        await running.post(ana, room, "mine, 'quoted' and\nwith a line", metadata={"a": [1, {"b": None}]})
        await running.post(ben, room, "not mine")
        await running.services.messages.react(ana.caller, room, 2, "👍", on=True)
        gone = await running.post(ana, left, "taken back")
        await running.services.messages.delete(ana.caller, left, gone.index)
        await running.post(ana, left, "said before I left")
        await running.services.members.leave(ana.caller, left)
        response = await running.call(ana, "GET", "me/export")
        assert response.headers["content-type"] == "application/json"
        assert "attachment" in response.headers["content-disposition"]
        found = response.json()
        assert found["account"]["username"] == ana.name
        assert [session["current"] for session in found["sessions"]] == [True]
        assert [one["id"] for one in found["rooms"]] == [room]
        posts = [post["message"]["body"] for post in found["posts"] if "message" in post]
        assert sorted(posts) == ["mine, 'quoted' and\nwith a line", "said before I left"]
        assert [post["reaction"] for post in found["posts"] if "reaction" in post] == ["👍"]
        assert found["posts"][0]["message"]["metadata"] == {"a": [1, {"b": None}]}
        assert "not mine" not in json.dumps(found)


async def test_also_of_rooms_that_are_archived_or_hidden_or_where_a_server_key_posted(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        ana, ben = await running.people("ana", "ben")
        archived, hidden, plain = [await running.room(ana) for _ in range(3)]
        other = await running.room(ben, kind="private")
        assert (await running.call(ana, "PATCH", f"rooms/{archived}", {"archived": True})).status_code == 200
        assert (await running.call(ana, "PATCH", f"rooms/{hidden}/me", {"hidden": True})).status_code == 200
        await running.services.server_rooms.post(other, ana.id, "said for me")
        await running.post(ben, other, "not mine")
        found = (await running.call(ana, "GET", "me/export")).json()
        assert {room["id"] for room in found["rooms"]} == {archived, hidden, plain}
        assert [post["message"]["body"] for post in found["posts"]] == ["said for me"]


async def test_it_comes_in_pieces_however_long_a_room_is(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        before, export.SPAN = export.SPAN, 3
        try:
            for number in range(10):
                await running.post(ana, room, str(number))
            found = (await running.call(ana, "GET", "me/export")).json()
        finally:
            export.SPAN = before
        assert [post["message"]["body"] for post in found["posts"]] == [str(number) for number in range(10)]


async def test_a_few_an_hour(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        ana, ben = await running.people("ana", "ben")
        codes = [(await running.call(ana, "GET", "me/export")).status_code for _ in range(7)]
        assert codes == [200] * 5 + [429] * 2
        assert (await running.call(ben, "GET", "me/export")).status_code == 200
