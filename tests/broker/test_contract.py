"""What every broker must keep (the MUST lines of `Broker`): one suite for all of them."""

from collections.abc import AsyncIterator, Callable, Collection

import pytest

from support.buses import ROUGH, LossyBroker, Weather
from support.clock import FakeClock
from support.waiting import until
from tertulia.broker import local
from tertulia.broker.broker import MAX_PAYLOAD, Broker
from tertulia.broker.local import Bus, LocalBroker


class Ear:
    """A `Listener` that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.confirmed_channels: list[str] = []
        self.deafened = 0

    def received(self, channel: str, payload: bytes) -> None:
        self.heard.append((channel, payload))

    def confirmed(self, channels: Collection[str]) -> None:
        self.confirmed_channels += channels

    def deaf(self) -> None:
        self.deafened += 1


class Place:
    """Brokers that can reach each other. `is_faithful`: nothing is lost, so one may wait for it."""

    def __init__(self, make: Callable[[], Broker], clock: FakeClock, *, is_faithful: bool) -> None:
        self._make = make
        self._clock = clock
        self.is_faithful = is_faithful
        self.brokers: list[Broker] = []

    async def node(self, *channels: str) -> tuple[Broker, Ear]:
        """One that has started and hears these channels."""
        broker, ear = self._make(), Ear()
        self.brokers.append(broker)
        await broker.start(ear)
        for channel in channels:
            broker.follow(channel)
        await until(lambda: set(ear.confirmed_channels) >= set(channels))
        return broker, ear

    async def rest(self) -> None:
        """What is on its way has arrived, or is lost."""
        for _ in range(5):
            self._clock.advance(1)
            await until(lambda: True)


@pytest.fixture(params=["local", "rough", "deaf"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    bus, clock = Bus(), FakeClock()
    weathers = {"rough": ROUGH, "deaf": Weather(lost=1.0)}
    if request.param == "local":
        place = Place(lambda: LocalBroker(bus), clock, is_faithful=True)
    else:
        place = Place(lambda: LossyBroker(bus, clock, weathers[request.param], seed=7), clock, is_faithful=False)
    yield place
    for broker in place.brokers:
        await broker.stop()


def whole(ear: Ear, *sent: tuple[str, bytes], place: Place) -> bool:
    """Nothing but what was sent, as it was; all of it in order, where nothing is lost."""
    return ear.heard == list(sent) if place.is_faithful else set(ear.heard) <= set(sent)


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
    late = place._make()
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
