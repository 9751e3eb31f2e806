"""What every broker must keep (the MUST lines of `Broker`): one suite for all of them.

What it must keep when its connection is lost is in test_connections.py.
"""

import pytest

from broker.places import Ear, Place, whole
from tertulia.broker import local
from tertulia.broker.broker import MAX_PAYLOAD
from tertulia.broker.local import LocalBroker


async def test_who_follows_hears_bytes_as_they_were_published(place: Place) -> None:
    one, _ = await place.node()
    _, ear = await place.node("a", "b")
    _, other = await place.node("b")
    sent = [("a", b"\x00\xff\n"), ("b", b""), ("c", b"not for them"), ("a", b"x" * MAX_PAYLOAD)]
    for channel, payload in sent:
        one.publish(channel, payload)
    await place.rest()
    assert whole(ear, sent[0], sent[1], sent[3], place=place)
    assert whole(other, sent[1], place=place)


async def test_a_channel_has_up_to_100_characters_of_ascii(place: Place) -> None:
    """Each is a channel of its own, and none is a pattern."""
    ascii_ = "".join(map(chr, range(32, 127)))
    long = [ascii_ + "12345", "x" * 100, "x" * 99, "x" * 99 + "*", "x" * 99 + "y", "x" * 99 + "Y", "x" * 99 + "?"]
    one, _ = await place.node()
    _, ear = await place.node(*long[:5])
    assert all(one.is_heard(channel) for channel in long[:5])
    for number, channel in enumerate(long):
        one.publish(channel, b"%d" % number)
    await place.rest()
    assert sorted(ear.confirmed_channels) == sorted(long[:5])
    assert whole(ear, *[(channel, b"%d" % number) for number, channel in enumerate(long[:5])], place=place)


async def test_something_is_heard_wherever_not_all_is_lost(place: Place) -> None:
    """Else nothing that is true of `heard` says anything."""
    one, _ = await place.node()
    _, ear = await place.node("a")
    sent = [("a", b"%d" % number) for number in range(200)]
    for channel, payload in sent:
        one.publish(channel, payload)
    await place.rest()
    assert whole(ear, *sent, place=place)
    assert len(set(ear.heard)) > 100 or place.is_silent
    assert not ear.heard or not place.is_silent


@pytest.mark.parametrize("place", ["rough"], indirect=True)
async def test_rough_weather_loses_repeats_reorders_and_sends_back(place: Place) -> None:
    """All that a broker may do is done to those who say that they bear it."""
    one, mine = await place.node("a")
    _, ear = await place.node("a")
    for number in range(200):
        one.publish("a", b"%03d" % number)
    await place.rest()
    assert len(set(ear.heard)) < 200
    assert len(set(ear.heard)) < len(ear.heard)
    assert list(dict.fromkeys(ear.heard)) != sorted(set(ear.heard))
    assert mine.heard


async def test_publishing_calls_nobody_back_at_once(place: Place) -> None:
    one, mine = await place.node("a")
    _, ear = await place.node("a")
    one.publish("a", b"1")
    one.follow("b")
    assert ear.heard == mine.heard == []
    assert mine.confirmed_channels == ["a"]


async def test_following_is_confirmed_once_and_again_after_it_was_left(place: Place) -> None:
    broker, ear = await place.node("a")
    broker.follow("a")
    await place.rest()
    assert ear.confirmed_channels == ["a"]
    broker.leave("a")
    broker.leave("never followed")
    broker.follow("a")
    await place.rest()
    assert ear.confirmed_channels == ["a", "a"]
    broker.follow("b")
    broker.leave("b")
    await place.rest()
    assert ear.confirmed_channels == ["a", "a"]


async def test_what_was_left_is_not_heard(place: Place) -> None:
    one, _ = await place.node()
    other, ear = await place.node("a", "b")
    other.leave("a")
    one.publish("a", b"1")
    one.publish("b", b"2")
    await place.rest()
    assert whole(ear, ("b", b"2"), place=place)


async def test_nothing_is_heard_before_the_start_and_after_the_end(place: Place) -> None:
    one, _ = await place.node()
    late = place.broker()
    one.publish("a", b"before")
    ear = Ear()
    await late.start(ear)
    late.follow("a")
    await place.rest()
    one.publish("a", b"1")
    await place.rest()
    assert whole(ear, ("a", b"1"), place=place)
    one.publish("a", b"on its way")
    await late.stop()
    await late.stop()
    heard = list(ear.heard)
    one.publish("a", b"after")
    await place.rest()
    assert ear.heard == heard
    one.publish("a", b"to nobody")


async def test_whether_somebody_may_hear_is_never_denied_wrongly(place: Place) -> None:
    one, _ = await place.node("a")
    other, _ = await place.node("b")
    assert one.is_heard("b")
    assert other.is_heard("a")
    other.follow("a")
    assert one.is_heard("a")


async def test_what_waits_is_bounded_and_what_was_dropped_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "MAX_WAITING", 10)
    one, _ = await place.node()
    _, ear = await place.node("a")
    for number in range(25):
        one.publish("a", b"%d" % number)
    await place.rest()
    if place.is_faithful:
        assert ear.deafened == 1
        assert len(ear.heard) < 25
        one.publish("a", b"again")
        await place.rest()
        assert ear.heard[-1] == ("a", b"again")
    assert len(set(ear.heard)) + 10 * ear.deafened <= 26
    monkeypatch.setattr(local, "MAX_WAITING_BYTES", 100)
    one.publish("a", b"x" * 200)
    await place.rest()
    assert not place.is_faithful or ear.deafened == 2


async def test_alone_there_is_nobody_to_hear() -> None:
    broker = LocalBroker()
    await broker.start(Ear())
    broker.follow("a")
    assert not broker.is_heard("a")
    assert not broker.is_heard("b")
    await broker.stop()
