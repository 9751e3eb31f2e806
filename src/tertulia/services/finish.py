"""Work that is finished though nobody waits for it any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from tertulia.domain.errors import Rejection
from tertulia.tasks import Tasks

T = TypeVar("T")


async def finish(tasks: Tasks, work: Coroutine[Any, Any, T], name: str) -> T:
    """Await `work`; when the caller is cancelled, `work` goes on all the same.

    For what is first committed and then remembered in memory: half of it would be a lie.
    """

    async def outcome() -> T | Rejection:
        try:
            return await work
        except Rejection as rejection:  # an answer; `Tasks` would log it as an accident
            return rejection

    result: T | Rejection = await asyncio.shield(tasks.spawn(outcome(), name))
    if isinstance(result, Rejection):
        raise result
    return result
