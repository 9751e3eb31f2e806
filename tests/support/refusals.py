"""What a service refuses."""

from collections.abc import Awaitable

import pytest

from tertulia.domain.errors import Rejection


async def refusal(asked: Awaitable[object]) -> Rejection:
    """With which `asked` ends."""
    with pytest.raises(Rejection) as refused:
        await asked
    return refused.value
