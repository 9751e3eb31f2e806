"""What every broker with a connection must keep when that is lost, or was never there: more of test_contract.py."""

import asyncio

import pytest

from broker.places import WEATHERS, Ear, Place, whole
from support.waiting import PATIENCE, until
from tertulia.broker.broker import Broker

pytestmark = pytest.mark.parametrize("place", [*WEATHERS], indirect=True)
"""In one process there is no connection to lose."""


async def back(place: Place, broker: Broker, ear: Ear) -> None:
    """It has its connection again, and its node knows."""
    before = ear.deafened
    await place.mend(broker)
    await until(lambda: ear.deafened > before)


async def test_a_lost_connection_comes_back_by_itself(place: Place) -> None:
    one, mine = await place.node("c")
    other, ear = await place.node("a")
    for times in (1, 2):
        await place.cut(other)
        heard = list(ear.heard)
        one.publish("a", b"while it was away %d" % times)
        other.publish("c", b"dropped")
        await place.rest()
        assert ear.heard == heard
        assert ear.deafened == times - 1
        await back(place, other, ear)
        mine.heard.clear()
        ear.heard.clear()
        one.publish("a", b"again")
        other.publish("c", b"back")
        await place.rest()
        assert whole(ear, ("a", b"again"), place=place)
        assert whole(mine, ("c", b"back"), place=place)
        assert ear.deafened == times
    assert ear.confirmed_channels == ["a"]
    assert mine.deafened == 0


async def test_what_is_followed_and_left_without_a_connection_counts_when_it_is_back(place: Place) -> None:
    one, _ = await place.node()
    other, ear = await place.node("a", "b", "c")
    await place.cut(other)
    ear.confirmed_channels.clear()
    for left in ("a", "b", "new and left"):
        other.leave(left)
    for followed in ("b", "c", "new"):
        other.follow(followed)
    other.follow("left at once")
    other.leave("left at once")
    await place.rest()
    assert ear.confirmed_channels == []
    await back(place, other, ear)
    await until(lambda: set(ear.confirmed_channels) >= {"b", "new"})
    sent = [(channel, b"1") for channel in ("a", "b", "c", "new", "left at once")]
    for channel, payload in sent:
        one.publish(channel, payload)
    await place.rest()
    assert sorted(ear.confirmed_channels) == ["b", "new"]
    assert whole(ear, *sent[1:4], place=place)


async def test_a_broker_that_is_away_keeps_no_node_from_starting(place: Place) -> None:
    one, mine = await place.node("c")
    late, ear = place.broker(), Ear()
    await place.cut(late)
    async with asyncio.timeout(PATIENCE):
        await late.start(ear)
    late.follow("a")
    late.publish("c", b"dropped")
    one.publish("a", b"not heard")
    assert late.is_heard("c")
    await place.rest()
    assert (ear.heard, ear.confirmed_channels, mine.heard) == ([], [], [])
    await place.mend(late)
    await until(lambda: ear.confirmed_channels == ["a"])
    one.publish("a", b"1")
    late.publish("c", b"2")
    await place.rest()
    assert whole(ear, ("a", b"1"), place=place)
    assert whole(mine, ("c", b"2"), place=place)


async def test_without_a_connection_nobody_says_that_nobody_hears(place: Place) -> None:
    one, _ = await place.node("a")
    other, _ = await place.node("b")
    await place.cut(one)
    assert one.is_heard("b")
    other.follow("c")
    await place.mend(one)
    assert one.is_heard("b")
    assert one.is_heard("c")
    assert other.is_heard("a")


async def test_who_stops_without_a_connection_is_not_called_when_it_is_back(place: Place) -> None:
    one, _ = await place.node()
    other, ear = await place.node("a")
    await place.cut(other)
    other.follow("b")
    async with asyncio.timeout(PATIENCE):
        await other.stop()
    await place.mend(other)
    one.publish("a", b"after")
    await place.rest()
    assert (ear.heard, ear.confirmed_channels, ear.deafened) == ([], ["a"], 0)
