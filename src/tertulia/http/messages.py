"""Messages: the timeline of a room."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER
from tertulia.http.deps import CallerDep, LimitQuery, RoomPath, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.protocol.requests import EditMessage, PostMessage
from tertulia.protocol.resources import MessageResource, MessagesResource, message_resource
from tertulia.services.timeline import Place

router = APIRouter(prefix="/rooms/{room}/messages", tags=["messages"])

IndexPath = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="A message's place in the timeline.")]
EmojiPath = Annotated[str, Path(max_length=64, description="One emoji, percent-encoded.")]
_At = Annotated[int | None, Query(ge=0, le=MAX_INTEGER)]

_CHANGE = refusals(
    "invalid", "unauthorized", "forbidden", "not_member", "not_found", "deleted", "archived", "muted", "blocked",
    "words_refused", "rate_limited", "busy",
)  # fmt: skip


@router.get(
    "", response_model=MessagesResource, responses=refusals("invalid", "unauthorized", "not_found", "rate_limited")
)
async def history(
    room: RoomPath,
    caller: CallerDep,
    services: ServicesDep,
    before: _At = None,
    after: _At = None,
    around: _At = None,
    limit: LimitQuery = 50,
) -> MessagesResource:
    """A page before, after or around an index; without any, the newest. Notices come in their place.

    It holds fewer than `limit` when they are long: look at `more`.
    """
    if sum(place is not None for place in (before, after, around)) > 1:
        raise Rejection("invalid", "Give only one of before, after and around.", field="before")
    page = await services.messages.page(caller, room, Place(before, after, around), limit)
    return {"items": [message_resource(message) for message in page.messages], "more": page.more}


@router.post(
    "",
    status_code=201,
    response_model=MessageResource,
    responses={
        200: {"model": MessageResource, "description": "Posted before, with the same client_id: that message."},
        **refusals(
            "invalid", "invalid_text", "unauthorized", "not_member", "not_found", "client_id_reused", "archived",
            "muted", "blocked", "words_refused", "slow_mode", "rate_limited", "busy", "outcome_unknown",
        ),
    },
)  # fmt: skip
async def post(
    room: RoomPath, body: PostMessage, caller: CallerDep, services: ServicesDep, response: Response
) -> MessageResource:
    """Post a message. Once this answers, it is stored; repeated with the same `client_id`, it is stored once."""
    outcome = await services.messages.post(caller, room, body.body, body.client_id, body.reply_to, body.metadata)
    assert outcome.message is not None
    services.typing.stop(outcome.message.room, caller.user)
    response.status_code = 200 if outcome.repeated else 201
    return message_resource(outcome.message)


@router.get("/{index}", response_model=MessageResource, responses=refusals("unauthorized", "not_found", "rate_limited"))
async def get_message(room: RoomPath, index: IndexPath, caller: CallerDep, services: ServicesDep) -> MessageResource:
    """One message."""
    return message_resource(await services.messages.one(caller, room, index))


@router.patch("/{index}", response_model=MessageResource, responses=_CHANGE)
async def edit(
    room: RoomPath, index: IndexPath, body: EditMessage, caller: CallerDep, services: ServicesDep
) -> MessageResource:
    """New text for a message of one's own."""
    return message_resource(await services.messages.edit(caller, room, index, body.body))


@router.delete("/{index}", response_model=MessageResource, responses=_CHANGE)
async def delete(room: RoomPath, index: IndexPath, caller: CallerDep, services: ServicesDep) -> MessageResource:
    """Delete: a tombstone stays, and is answered."""
    return message_resource(await services.messages.delete(caller, room, index))


@router.put("/{index}/reactions/{emoji}", response_model=MessageResource, responses=_CHANGE)
async def react(
    room: RoomPath, index: IndexPath, emoji: EmojiPath, caller: CallerDep, services: ServicesDep
) -> MessageResource:
    """React with one emoji; again is no error."""
    return message_resource(await services.messages.react(caller, room, index, emoji, on=True))


@router.delete("/{index}/reactions/{emoji}", response_model=MessageResource, responses=_CHANGE)
async def unreact(
    room: RoomPath, index: IndexPath, emoji: EmojiPath, caller: CallerDep, services: ServicesDep
) -> MessageResource:
    """Take a reaction back; again is no error."""
    return message_resource(await services.messages.react(caller, room, index, emoji, on=False))
