"""Where brokers meet in tests: in one process, and on buses in all weathers."""

from collections.abc import Callable, Collection
from functools import partial

from support.buses import ROUGH, LossyBroker, Weather
from support.clock import FakeClock
from support.waiting import until
from tertulia.broker.broker import Broker
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
    """Brokers that can reach each other. `is_faithful`: nothing is lost, one may wait for it; `is_silent`: all is."""

    def __init__(
        self, make: Callable[[], Broker], clock: FakeClock, *, is_faithful: bool, is_silent: bool = False
    ) -> None:
        self._make = make
        self._clock = clock
        self.is_faithful = is_faithful
        self.is_silent = is_silent
        self.brokers: list[Broker] = []

    def broker(self) -> Broker:
        """One that has not started."""
        self.brokers.append(self._make())
        return self.brokers[-1]

    async def node(self, *channels: str) -> tuple[Broker, Ear]:
        """One that has started and hears these channels."""
        broker, ear = self.broker(), Ear()
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

    async def cut(self, broker: Broker) -> None:
        """It has no connection from now on."""
        assert isinstance(broker, LossyBroker)
        broker.cut()
        await self.rest()

    async def mend(self, broker: Broker) -> None:
        """It can have one again, and takes it."""
        assert isinstance(broker, LossyBroker)
        broker.mend()
        await self.rest()


WEATHERS = {"fair": Weather(), "rough": ROUGH, "deaf": Weather(lost=1.0)}


def in_weather(name: str) -> Place:
    bus, clock, weather = Bus(), FakeClock(), WEATHERS[name]
    make = partial(LossyBroker, bus, clock, weather, seed=7)
    return Place(make, clock, is_faithful=weather == Weather(), is_silent=weather.lost == 1)


def in_one_process() -> Place:
    return Place(partial(LocalBroker, Bus()), FakeClock(), is_faithful=True)


def whole(ear: Ear, *sent: tuple[str, bytes], place: Place) -> bool:
    """Nothing but what was sent, as it was; all of it in order, where nothing is lost."""
    return ear.heard == list(sent) if place.is_faithful else set(ear.heard) <= set(sent)
