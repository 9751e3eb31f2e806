"""Waiting for something to become true."""

import asyncio
from collections.abc import Callable


class Signal:
    """Who changes state calls `notify`; who waits is woken when its condition holds, or looks at it again."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def notify(self) -> None:
        """Something changed. Conditions are looked at once each; one that raises ends that wait with the error."""
        waiting, self._waiting = self._waiting, []
        for condition, future in waiting:
            if future.done():
                continue
            try:
                if condition():
                    future.set_result(None)
                else:
                    self._waiting.append((condition, future))
            except Exception as error:  # noqa: BLE001 - it belongs to the one who waits
                future.set_exception(error)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return at once when `condition()` holds, else when it does after a `notify`."""
        if condition():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, future))
        await future
