"""Rules 4, 10 and 11: whatever comes in a text frame, in whatever order, on a whole node.

Each frame with an id gets exactly one reply, or the connection ends with a code of the table; what is refused is
refused with a code of the table, and not repeated; nothing is logged as an error; another line is answered as before.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.bad_input import SECRET
from support.frames import filled, said, texts, with_id
from support.fuzzing import Target, target
from support.node import Line
from support.proving import count, examples
from tertulia.domain.errors import CODES, CloseCode

FRAMES = 40
LAST = 2**53
IDS: list[object] = [*["next"] * 16, None, True, -1, 1.5, 2**53 + 1, "1", [], 10**400]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target(tmp_path_factory.mktemp("frames")) as world:
        yield world


def numbered() -> st.SearchStrategy[tuple[bytes, object]]:
    """A text, and the id it is to carry."""
    return st.tuples(texts(), st.sampled_from(IDS))


def test_any_frames_in_any_order(world: Target) -> None:
    @examples(50, 1, many=37_000)
    @given(st.lists(numbered(), min_size=15, max_size=FRAMES), st.sampled_from(["hello", "hello", "token", "nobody"]))
    def say(frames: list[tuple[bytes, object]], begin: str) -> None:
        world.run(_say(world, frames, begin))

    say()


async def _say(world: Target, frames: list[tuple[bytes, object]], begin: str) -> None:
    here = await world.renew()
    line = world.node.open(None if begin == "nobody" else here.owner)
    if begin == "hello":
        line.say("hello", resume={here.names["room"][0]: 1})
    sent = Counter({LAST: 1})
    for number, (text, wanted) in enumerate(frames, 1_000):
        named = filled(with_id(text, number if wanted == "next" else wanted), here)
        id_, cmd = said(named)
        if id_ is not None:
            sent[id_] += 1
            line._asked[id_] = cmd
        line.say_raw(named)
    line.say_raw(b'{"cmd":"ping","id":%d}' % LAST)
    async with asyncio.timeout(30):
        await line._signal.until(lambda: line.is_down or sent <= answers(line))
        await world.node.settle()
    judge(line, sent)
    line.cut()
    world.node.lines.remove(line)
    await world.check()
    count("frames", len(frames))


def answers(line: Line) -> Counter[int]:
    return Counter(frame["re"] for frame in line.frames if frame.get("re") is not None and frame["re"] >= 1_000)


def judge(line: Line, sent: Counter[int]) -> None:
    if line.is_down:
        assert line.code in [code.value for code in CloseCode if code is not CloseCode.INTERNAL]
        assert answers(line) <= sent
    else:
        assert answers(line) == sent
    for frame in line.frames:
        if "error" in frame:
            assert frame["error"]["code"] in CODES.keys() - {"internal"}, frame
            assert SECRET not in json.dumps(frame)
            assert len(json.dumps(frame)) < 4_096
