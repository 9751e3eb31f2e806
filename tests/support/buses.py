"""Brokers that do all that a broker may do."""

import asyncio
import random
from dataclasses import dataclass

from support.clock import FakeClock
from tertulia.broker.local import Bus, LocalBroker


@dataclass
class Weather:
    """Of a bus, for all its nodes: how often a payload is lost, comes again, or late, in parts of one; `longest`: by so
    many seconds.
    """

    lost: float = 0.0
    again: float = 0.0
    late: float = 0.0
    longest: float = 0.2


ROUGH = Weather(lost=0.2, again=0.2, late=0.3)


class LossyBroker(LocalBroker):
    """Loses, repeats, delays, reorders, and sends back what it was given: the same for the same `seed`.

    Its connection can be `cut`, also before it starts, until somebody `mend`s it.
    """

    def __init__(self, bus: Bus, clock: FakeClock, weather: Weather, seed: int = 0) -> None:
        super().__init__(bus)
        self.weather = weather
        self._clock = clock
        self._random = random.Random(seed)
        self._late: set[asyncio.Task[None]] = set()
        self._is_cut = False

    def cut(self) -> None:
        self._is_cut = True

    def mend(self) -> None:
        self._is_cut, self._missed = False, True
        self._schedule()

    def publish(self, channel: str, payload: bytes) -> None:
        if self._is_cut:
            return
        super().publish(channel, payload)
        if channel in self._followed and self._random.random() < self.weather.again:
            self.take(channel, payload)

    def take(self, channel: str, payload: bytes) -> None:
        dice, weather = self._random.random, self.weather
        if self._is_cut or dice() < weather.lost:
            return
        for _ in range(2 if dice() < weather.again else 1):
            if dice() < weather.late:
                wait = dice() * weather.longest
                self._late.add(asyncio.get_running_loop().create_task(self._take_late(wait, channel, payload)))
            else:
                super().take(channel, payload)

    async def _take_late(self, wait: float, channel: str, payload: bytes) -> None:
        await self._clock.sleep(wait)
        if self._listener is not None and not self._is_cut:
            super().take(channel, payload)

    def _hand_on(self) -> None:
        """What waits, and what is to be confirmed, waits for the connection."""
        if self._is_cut:
            self._scheduled = False
        else:
            super()._hand_on()

    async def stop(self) -> None:
        await super().stop()
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
