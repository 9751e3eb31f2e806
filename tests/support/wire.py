"""Everything that a server says in a test must be of the types that the documents are made from."""

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from tertulia.protocol.asyncapi import EVENTS, REPLIES
from tertulia.protocol.events import Reply

Frame = dict[str, Any]


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def check_frame(text: str | bytes, cmd: str | None = None) -> Frame:
    """The frame in `text`, which is of its type, without a field more. `cmd`: the command that a reply answers."""
    frame: Frame = json.loads(text)
    if "ev" in frame:
        kind = EVENTS[frame["ev"]]
    else:
        kind = REPLIES.get(cmd, Reply) if cmd is not None else Reply
        if "error" in frame:
            assert set(frame) == {"re", "error"}, frame
            kind = Reply
    _adapter(kind).validate_json(text, strict=True, extra="forbid")
    return frame
