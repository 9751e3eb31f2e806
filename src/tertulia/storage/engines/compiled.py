"""Statements that were compiled, shared by all engines of a kind in one process: a copy, two nodes, tests open many."""

from typing import Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.util import LRUCache

SIZE = 1_000
"""Statements; there are some hundreds."""

_known: dict[tuple[str, bool], tuple[Dialect, LRUCache[Any, Any]]] = {}


def share(engine: Engine, *, write: bool) -> None:
    """SQLAlchemy keeps what it compiled by the very object of the dialect, so engines take that of the first one that
    was connected, and so knows its database.
    """
    key = engine.dialect.name, write
    if key in _known:
        engine.dialect, cache = _known[key]
        engine.update_execution_options(compiled_cache=cache)
    else:
        event.listen(engine, "connect", lambda *_: _known.setdefault(key, (engine.dialect, _cache(engine))))


def _cache(engine: Engine) -> LRUCache[Any, Any]:
    cache: LRUCache[Any, Any] = LRUCache(SIZE)
    engine.update_execution_options(compiled_cache=cache)
    return cache
