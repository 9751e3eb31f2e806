"""Promise 1 when the disk is full: a real process that may write no file any further, and then may again."""

import asyncio
import resource
from pathlib import Path

import httpx
import pytest

from support.process import server_process
from support.server import PASSWORD
from support.web import plain_client

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limits of another process are a thing of Linux"),
]


@pytest.mark.slow
async def test_posts_are_refused_while_the_disk_is_full_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Rule 42: every write of the process fails with EFBIG, as it does with ENOSPC on a disk without room."""
    async with server_process(tmp_path) as server:
        url = f"{server.url}/api/v1"
        async with plain_client(url, timeout=20) as http:
            account = (await http.post("/auth/register", json={"username": "ann", "password": PASSWORD})).json()
            http.headers["authorization"] = f"Bearer {account['tokens']['access']}"
            room = (await http.post("/rooms", json={"kind": "public", "name": "talk"})).json()["id"]

            async def post(number: int) -> httpx.Response:
                body = {"body": f"message {number}", "client_id": f"key-{number:016}"}
                return await http.post(f"/rooms/{room}/messages", json=body)

            stored = [(await post(number)).json() for number in range(20)]
            assert server.process is not None
            _, hard = resource.prlimit(server.process, resource.RLIMIT_FSIZE)
            for number in range(20, 50, 10):
                resource.prlimit(server.process, resource.RLIMIT_FSIZE, (1, hard))
                refused = await asyncio.gather(*(post(number + each) for each in range(10)))
                assert {one.status_code for one in refused} == {503}
                # Of a commit that failed nobody knows whether it is on the disk; both mean: try again with this key.
                assert {one.json()["code"] for one in refused} <= {"unavailable", "outcome_unknown"}
                assert all(int(one.headers["retry-after"]) > 0 for one in refused)
                history = await http.get(f"/rooms/{room}/messages?limit=100")
                assert history.status_code == 200, "what is there can still be read"
                resource.prlimit(server.process, resource.RLIMIT_FSIZE, (hard, hard))
                stored += [(await post(number + each)).json() for each in range(10)]
            await server.kill()
            await server.start()
            page = (await http.get(f"/rooms/{room}/messages?limit=100")).json()["items"]
            messages = [row for row in page if row["index"] is not None]
            assert [row["index"] for row in messages] == list(range(1, 51))
            assert [(row["id"], row["body"]) for row in messages] == [(row["id"], row["body"]) for row in stored]
