import asyncio
from typing import cast

import pytest

from tertulia.client.errors import ApiError, OutboxFull, Stopped
from tertulia.client.outbox import Outbox, Pending
from tertulia.protocol.resources import MessageResource


def stored(client_id: str = "key") -> MessageResource:
    return cast(MessageResource, {"index": 1, "client_id": client_id})


async def test_posts_of_a_room_keep_their_order() -> None:
    outbox = Outbox()
    posts = [Pending("room", f"{number}", f"key-{number}") for number in range(3)]
    for post in posts:
        outbox.add(post)
    assert outbox.first("room") is posts[0]
    outbox.stored(posts[0], stored())
    assert outbox.of("room") == posts[1:]
    assert len(outbox) == 2
    assert await posts[0].answer() == stored()


async def test_a_full_outbox_says_so_and_takes_more_when_there_is_room() -> None:
    outbox = Outbox(limit=2)
    first = Pending("a", "1", "key-1")
    outbox.add(first)
    outbox.add(Pending("b", "2", "key-2"))
    with pytest.raises(OutboxFull, match="2 posts wait"):
        outbox.add(Pending("c", "3", "key-3"))
    outbox.refused(first, ApiError("too_long", "no"))
    outbox.add(Pending("c", "3", "key-3"))


async def test_why_a_post_was_refused_reaches_who_waits() -> None:
    outbox = Outbox()
    post = Pending("room", "x", "key")
    outbox.add(post)
    outbox.refused(post, ApiError("not_member", "Join the room first."))
    with pytest.raises(ApiError, match="Join"):
        await post.answer()
    assert outbox.first("room") is None


async def test_a_post_of_mine_that_comes_by_is_stored() -> None:
    outbox = Outbox()
    post = Pending("room", "x", "key")
    outbox.add(post)
    assert outbox.seen("room", stored("another")) is None
    assert outbox.seen("elsewhere", stored("key")) is None
    assert outbox.seen("room", stored("key")) is post
    assert not len(outbox)
    outbox.stored(post, stored("again"))  # its reply comes, too
    assert await post.answer() == stored("key")


async def test_cancelling_the_wait_does_not_take_the_post_back() -> None:
    outbox = Outbox()
    post = Pending("room", "x", "key")
    outbox.add(post)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await post.answer()
    assert outbox.first("room") is post
    outbox.stored(post, stored())
    assert await post.answer() == stored()


async def test_the_end_fails_all_that_wait() -> None:
    outbox = Outbox()
    posts = [Pending(room, "x", room) for room in ("a", "b", "a")]
    for post in posts:
        outbox.add(post)
    assert len(outbox.fail_all(Stopped("over"))) == 3
    assert not len(outbox)
    for post in posts:
        with pytest.raises(Stopped):
            await post.answer()


async def test_the_command_has_what_the_post_has() -> None:
    assert Pending("room", "x", "key").command == {"room": "room", "body": "x", "client_id": "key"}
    assert Pending("room", "x", "key", reply_to=4).command["reply_to"] == 4
