"""Promise 3 over every way in at once."""

import asyncio
from pathlib import Path

from support.node import node

BY_SOCKET = 1_700
BY_REST = 300
LINES = 40


async def test_two_thousand_posts_at_once_with_one_client_id_are_one_message(tmp_path: Path) -> None:
    """Rules 3 and 23: on forty lines and by REST; all are answered with it, and one of them made it."""
    async with node(tmp_path, connections_per_user=LINES) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        lines = [await running.connect(ana) for _ in range(LINES)]
        watching = await running.connect(ben)
        post = {"body": "once", "client_id": "a-key-of-this-post"}
        numbers = [(line, line.say("post", room=room, **post)) for line in lines for _ in range(BY_SOCKET // LINES)]
        by_rest = await asyncio.gather(
            *(running.call(ana, "POST", f"rooms/{room}/messages", post) for _ in range(BY_REST))
        )
        by_socket = [await line.reply(number) for line, number in numbers]
        ids = {reply["message"]["id"] for reply in by_socket} | {answer.json()["id"] for answer in by_rest}
        assert len(ids) == 1
        assert sum(answer.status_code == 201 for answer in by_rest) <= 1
        assert {answer.status_code for answer in by_rest} <= {200, 201}
        await running.settle()
        assert [event["message"]["id"] for event in watching.events("message", room=room)
                if event["message"]["index"] is not None] == list(ids)  # fmt: skip
        assert (await running.post(ben, room)).index == 2
