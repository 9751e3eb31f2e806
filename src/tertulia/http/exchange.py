"""One request and its answer: what the layers of the HTTP edge tell each other about it.

It travels in the ASGI scope, which copies share.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from tertulia.protocol.forwarded import Visitor

_KEY = "tertulia.exchange"


@dataclass(slots=True)
class Exchange:
    """`code` is that of the problem that was answered; `status` 0: nothing was answered."""

    id: str
    visitor: Visitor
    status: int = 0
    code: str | None = None


def begin_exchange(scope: MutableMapping[str, Any], exchange: Exchange) -> None:
    scope[_KEY] = exchange


def find_exchange(scope: MutableMapping[str, Any]) -> Exchange | None:
    """The exchange of a scope; None when nothing wraps the application (a test of one router)."""
    exchange = scope.get(_KEY)
    assert exchange is None or isinstance(exchange, Exchange)
    return exchange


def visitor_of(scope: MutableMapping[str, Any]) -> Visitor:
    """Who asks, proxies taken into account."""
    exchange = find_exchange(scope)
    if exchange is not None:
        return exchange.visitor
    client = scope.get("client")
    return Visitor(client[0] if client else "", "http", "")
