"""What the layers of HTTP tell each other about a request."""

from typing import Any

from tertulia.http.exchange import Exchange, begin_exchange, find_exchange, visitor_of
from tertulia.protocol.forwarded import Visitor

VISITOR = Visitor("1.2.3.4", "https", "chat.example.org")


def test_copies_of_a_scope_share_it() -> None:
    scope: dict[str, Any] = {}
    begin_exchange(scope, Exchange("id", VISITOR))
    copy = {**scope, "method": "GET"}
    found = find_exchange(copy)
    assert found is not None
    found.code = "busy"
    assert find_exchange(scope) is found
    assert visitor_of(copy) is VISITOR


def test_without_one_the_line_is_asked() -> None:
    assert find_exchange({}) is None
    assert visitor_of({"client": ("192.0.2.7", 5000)}).address == "192.0.2.7"
    assert visitor_of({"client": None}).address == ""
