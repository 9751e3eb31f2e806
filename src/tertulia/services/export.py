"""Export my data: everything the server has of one person, as one JSON document that is made while it is sent."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

from tertulia.clock import Clock
from tertulia.domain.buckets import Attempts
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, User
from tertulia.domain.times import iso
from tertulia.protocol.codec import encode
from tertulia.protocol.resources import account_resource, message_resource, my_room_resource, session_resource
from tertulia.services.avatars import Avatars
from tertulia.services.people import People
from tertulia.services.rooms import Rooms
from tertulia.services.sessions import Sessions
from tertulia.storage import blocks, export
from tertulia.storage.database import Database

AN_HOUR = 3_600.0
PER_HOUR = 5
PAGE = 100
MAX_LISTED = 10_000
"""Rooms, blocks and reports of one person that are listed."""


class Export:
    """Each part is read in short transactions of their own, so an export of a busy account holds nobody up."""

    def __init__(
        self, db: Database, people: People, avatars: Avatars, sessions: Sessions, rooms: Rooms, clock: Clock
    ) -> None:
        self._db = db
        self._people = people
        self._avatars = avatars
        self._sessions = sessions
        self._rooms = rooms
        self._clock = clock
        self._made = Attempts(PER_HOUR, AN_HOUR, clock)

    async def start(self, caller: Caller) -> AsyncIterator[bytes]:
        """The document in pieces; raises `rate_limited` before the first."""
        wait = self._made.wait(caller.user)
        if wait > 0:
            raise Rejection("rate_limited", f"You can export {PER_HOUR} times an hour.", retry_after=wait)
        self._made.add(caller.user)
        return self._pieces(caller, await self._people.me(caller))

    async def _pieces(self, caller: Caller, user: User) -> AsyncIterator[bytes]:
        yield b'{"exported_at":' + encode(iso(self._clock.now()))
        yield b',"account":' + encode(account_resource(user))
        yield b',"picture":' + encode(await self._picture(caller))
        sessions = await self._sessions.of(caller.user)
        yield b',"sessions":' + encode([session_resource(session, caller.session) for session in sessions])
        blocked = await self._db.read(blocks.ids_of, caller.user, MAX_LISTED)
        yield b',"blocked":' + encode(blocked)
        reports = await self._db.read(export.reports_by, caller.user, MAX_LISTED)
        told = [{"at": iso(report.created_at), "reason": report.reason, "message": report.body} for report in reports]
        yield b',"reports":' + encode(told)
        for name, rows in (("rooms", self._my_rooms(caller)), ("posts", self._posts(caller.user))):
            yield b"," + encode(name) + b":["
            separator = b""
            async for row in rows:
                yield separator + encode(row)
                separator = b","
            yield b"]"
        yield b"}\n"

    async def _picture(self, caller: Caller) -> dict[str, str] | None:
        """That I uploaded, as it is shown."""
        found = await self._avatars.of(caller)
        if found is None:
            return None
        uploaded_at, content = iso(found.created_at), b64encode(found.large).decode()
        return {"uploaded_at": uploaded_at, "content_type": found.content_type, "base64": content}

    async def _my_rooms(self, caller: Caller) -> AsyncIterator[Any]:
        offset, more = 0, True
        while more and offset < MAX_LISTED:
            views, more = await self._rooms.mine(caller, PAGE, offset, archived=None, hidden=True)
            offset += len(views)
            for view in views:
                resource = my_room_resource(view)
                resource.pop("last_message", None)
                yield resource

    async def _posts(self, user: int) -> AsyncIterator[Any]:
        """Messages and reactions, room by room, by index."""
        for room, room_id, count in await self._db.read(export.rooms_of, user):
            for first in range(1, count + 1, export.SPAN):
                for message in await self._db.read(export.messages_of, room, user, first):
                    yield {"room": room_id, "message": message_resource(message)}
                for index, emoji in await self._db.read(export.reactions_of, room, user, first):
                    yield {"room": room_id, "index": index, "reaction": emoji}
