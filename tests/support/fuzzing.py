"""A whole node that anything is thrown at, on a loop of its own, and somebody on a line who must notice nothing."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from support.accounts import quick_hasher
from support.faults import Faults, faults
from support.node import node
from support.scene import Scene, scene
from tertulia.domain.api_keys import SCOPES

USES = 10
"""Times a scene is used: what is thrown at it deletes rooms, puts people out, ends sessions."""


class Target:
    """`here` is what requests are about; `renew` it before each use."""

    here: Scene

    def __init__(self, seen: Faults) -> None:
        self.loop = asyncio.new_event_loop()
        self._seen = seen
        self._stack = AsyncExitStack()
        self._uses = 0
        seen.watch(self.loop)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def start(self, folder: Path) -> None:
        here = ("127.0.0.1",)
        self.node = await self._stack.enter_async_context(
            node(folder, password_attempts=1_000, webhook_allowed_networks=here)
        )
        self.node.app.passwords._hasher = quick_hasher()
        _, self._key = await self.node.services.keys.create("shop", SCOPES)
        self.witness = await self.node.connect(await self.node.person("witness"))

    async def renew(self) -> Scene:
        if self._uses % USES == 0:
            await self.replace()
        self._uses += 1
        return self.here

    async def replace(self) -> None:
        """Now, because it was used up."""
        await self._forget_words()
        self.here = await scene(self.node, self._key)

    async def _forget_words(self) -> None:
        """Else nobody may say anything in the end."""
        words, _ = await self.node.services.words.page("", 1_000)
        for word in words:
            await self.node.services.words.remove(None, word.word)

    async def check(self) -> None:
        """Nobody else noticed, and nothing was logged."""
        assert set(await self.witness.ask("ping")) == {"re"}
        self.witness.frames.clear()
        self._seen.check()

    async def stop(self) -> None:
        await self._stack.aclose()


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    with faults() as seen:
        made = Target(seen)
        try:
            made.run(made.start(folder))
            yield made
        finally:
            made.run(made.stop())
            made.loop.close()
