from pathlib import Path
from typing import Literal

import pytest

from support.server import running_server


@pytest.mark.parametrize("sockets", ["picows", "asgi"])
async def test_two_people_talk(tmp_path: Path, sockets: Literal["picows", "asgi"]) -> None:
    async with running_server(tmp_path, sockets=sockets) as server:
        ana, ben = await server.people("ana", "ben")
        room = await server.room(ana, ben)
        async with ana.socket() as a, ben.socket() as b:
            reply = await a.ask("post", room=room, body="hello", client_id="k1")
            assert reply["message"]["index"] == 1
            event = await b.event("message")
            assert event["message"] == reply["message"]
