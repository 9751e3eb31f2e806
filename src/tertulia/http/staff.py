"""What only the staff of the server may do: the word list, the audit log, accounts. Invitations and reports: there."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field, TypeAdapter

from tertulia.domain.audit import Entry
from tertulia.domain.models import User
from tertulia.domain.times import iso
from tertulia.domain.words import Action, Word
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CursorQuery, LimitQuery, ServicesDep, StaffDep, UserPath
from tertulia.http.paths import MAX_ENCODED, decoded
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position, Text
from tertulia.protocol.requests import ChangeStanding, PutWord
from tertulia.protocol.resources import user_resource
from tertulia.protocol.staff import (
    AuditPageResource,
    AuditResource,
    StaffUserResource,
    WordResource,
    WordsResource,
    staff_user_resource,
)
from tertulia.services.staff import AuditFilter

router = APIRouter(prefix="/staff", tags=["staff"])


async def word_in_path(
    word: Annotated[str, Path(max_length=MAX_ENCODED, description="A word, percent-encoded, also its slashes.")],
) -> str:
    return decoded(word)


WordPath = Annotated[str, Depends(word_in_path)]
_Id = Annotated[str | None, Query(max_length=64)]

_WORD = TypeAdapter(tuple[Annotated[Text, Field(max_length=255)]])
_BEFORE = TypeAdapter(tuple[Position])
_STAFF = ("unauthorized", "forbidden", "rate_limited")


@router.get("/words", response_model=WordsResource, responses=refusals("invalid", *_STAFF))
async def list_words(
    _caller: StaffDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> WordsResource:
    """The words that are not wanted, in their order."""
    after = "" if cursor is None else decode_cursor(cursor, _WORD)[0]
    found, more = await services.words.page(after, limit)
    following = encode_cursor(found[-1].word) if more else None
    return {"items": [_word(word) for word in found], "next": following}


@router.put("/words/{word}", response_model=WordResource, responses=refusals("invalid", "too_many", "busy", *_STAFF))
async def put_word(word: WordPath, body: PutWord, caller: StaffDep, services: ServicesDep) -> WordResource:
    """Add a word, or change what becomes of a text with it. There are at most 5,000."""
    return _word(await services.words.put(caller.user, word, Action(body.action)))


@router.delete("/words/{word}", status_code=204, responses=refusals("invalid", "not_found", "busy", *_STAFF))
async def remove_word(word: WordPath, caller: StaffDep, services: ServicesDep) -> None:
    """Take a word off the list."""
    await services.words.remove(caller.user, word)


def _word(word: Word) -> WordResource:
    return {"word": word.word, "action": word.action.value, "created_at": iso(word.created_at)}


@router.get("/audit", response_model=AuditPageResource, responses=refusals("invalid", *_STAFF))
async def audit(
    _caller: StaffDep,
    services: ServicesDep,
    room: _Id = None,
    user: _Id = None,
    actor: _Id = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> AuditPageResource:
    """What staff, moderators, server keys and the command line did, newest first; of one room, about one `user`, or
    by one `actor`.
    """
    before = None if cursor is None else decode_cursor(cursor, _BEFORE)[0]
    found, more, people = await services.staff.audit(AuditFilter(room, user, actor), before, limit)
    following = encode_cursor(found[-1].number) if more else None
    return {"items": [_entry(entry, people) for entry in found], "next": following}


def _entry(entry: Entry, people: Mapping[int, User]) -> AuditResource:
    resource: AuditResource = {"at": iso(entry.at), "via": entry.via, "act": entry.act}
    if entry.actor is not None and entry.actor in people:
        resource["actor"] = user_resource(people[entry.actor])
    if entry.user is not None and entry.user in people:
        resource["user"] = user_resource(people[entry.user])
    if entry.room_id is not None:
        resource["room"] = entry.room_id
    if entry.details is not None:
        resource["details"] = entry.details
    return resource


@router.patch(
    "/users/{user}", response_model=StaffUserResource, responses=refusals("invalid", "not_found", "busy", *_STAFF)
)
async def change_user(
    user: UserPath, body: ChangeStanding, caller: StaffDep, services: ServicesDep
) -> StaffUserResource:
    """Deactivate somebody, who is signed out everywhere then, or activate them; make them staff, or not.

    `forbidden` also when nobody of the staff would be left.
    """
    changed = services.staff.change_user(caller, user, is_active=body.is_active, is_staff=body.is_staff)
    return staff_user_resource(await changed)
