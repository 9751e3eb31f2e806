"""What things weigh is about what they take on the line, and never much less."""

import json
from dataclasses import replace

import pytest

from support.fanout import came, posted
from tertulia.domain.models import Room, RoomKind, RoomView
from tertulia.protocol.events import change_event
from tertulia.protocol.resources import my_room_resource
from tertulia.services.weights import change_weight, fitting, message_weight, view_weight

[MESSAGE] = [message for message in (posted(1).message,) if message is not None]
ROOM = Room(1, "r" * 36, RoomKind.PUBLIC, "name", "title", "", None, 1, 1, 1, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "body", ["", "hi", "x" * 16_384, "é" * 16_384, "\U0001f600" * 16_384, "\x01" * 16_384, '"' * 9]
)
def test_a_message_with_its_text_as_json(body: str) -> None:
    change = posted(1, body)
    size = len(json.dumps(change_event(change), ensure_ascii=False).encode())
    assert size <= change_weight(change) <= size + 2_000


def test_a_message_with_all_the_reactions_and_mentions_it_may_have() -> None:
    users = ["u" * 36] * 50
    reactions = tuple({"emoji": "👩‍👩‍👧‍👦", "count": 50, "users": users} for _ in range(20))
    message = replace(MESSAGE, reactions=reactions, mentions=tuple(users))
    size = len(json.dumps([reactions, users]))
    assert message_weight(message) > 0.8 * size


def test_a_change_of_members_or_settings() -> None:
    assert change_weight(came(1, 1)) > 100
    settings = replace(posted(1), message=None, settings=replace(ROOM, description="é" * 4_096))
    assert change_weight(settings) > 8_192


def test_a_room_in_a_list() -> None:
    view = RoomView(replace(ROOM, description="\x01" * 4_096), last_message=replace(MESSAGE, body="x" * 9_000))
    size = len(json.dumps(my_room_resource(view)))
    assert size <= view_weight(view) <= size + 3_000


def test_how_many_fit() -> None:
    def weight(item: int) -> int:
        return item

    assert fitting([], weight, 10) == 0
    assert fitting([5, 5, 1], weight, 10) == 2
    assert fitting([11, 1], weight, 10) == 1
    assert fitting([1, 2, 3], weight, 10) == 3
