"""Values: what is made once and never changed, many times for each message."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, **options: Any) -> Callable[[type], type]:
        """The standard library's, but that `frozen` is seen to by the type checker alone.

        At run time a frozen dataclass of twenty fields takes five times as long to make: a sixth of a post's time.
        """
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
