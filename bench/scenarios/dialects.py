"""A dialect beside API v1: the same room, the same work."""

import asyncio
import json

from figures import Bar, Line, interleaved, ratios, spread
from machine import load, tertulia
from people import crowd

from scenarios.live import ONE_ROOM, WITH_POSTS
from scenarios.run import Run

SAID = json.dumps({"message": "%b"}, separators=(",", ":"))
ROOM = 2
"""The number of the first room that is made here: "general" is there already."""
CHATROOMS = ("-P", f"/compat/chatrooms/ws/chat/{ROOM}/?token=%t", "-m", SAID, "-s", "100", "-r", "0", *ONE_ROOM)


def dialects(run: Run) -> list[Line]:
    """1,000 subscribers of one room in the dialect chatrooms, 50 in a closed loop; then the same with API v1."""
    with run.directory() as directory:
        files = asyncio.run(crowd(directory, 1000, 1)).write(directory)
        with tertulia(directory, None, "--dialects", "chatrooms") as (port, _):

            def rate(options: tuple[str, ...]) -> float:
                seconds = str(run.seconds)
                return load(run.tools, port, *files, *options, "-w", "1", "-d", seconds)["deliv_per_s"]

            theirs, ours = interleaved(run.rounds, lambda: rate(CHATROOMS), lambda: rate((*WITH_POSTS, *ONE_ROOM)))
    ratio = ratios(theirs, ours)
    return [
        Line(
            "one room, 1,000 subscribers of the dialect chatrooms, 50 senders",
            f"{spread(theirs).median:,.0f} deliveries/s", f"{spread(ours).median:,.0f} deliveries/s: API v1",
            ratio.median, "x", ratio.low, ratio.high, Bar(0.7, "at least 0.7 x"),
        )
    ]  # fmt: skip
