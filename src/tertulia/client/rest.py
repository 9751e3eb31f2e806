"""REST: what is asked once, by HTTP. Resources are plain dictionaries (`tertulia.protocol.resources`)."""

import ssl
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, cast
from urllib.parse import quote

import httpx

from tertulia.client.address import Address
from tertulia.client.errors import ApiError, ConnectionLost
from tertulia.client.socket import retry_after
from tertulia.client.tokens import TokenSource
from tertulia.protocol.resources import (
    AccountResource,
    MemberResource,
    MembershipResource,
    MessageResource,
    MyRoomResource,
    RoomResource,
    SessionResource,
    SignedInResource,
    TokensResource,
    UserResource,
)

TIMEOUT = 15.0
Json = dict[str, Any]


@cache
def _certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Those that this machine trusts; they are many, and so all clients of a process read them once."""
    return httpx.create_ssl_context(trust_env=trust_env)


class Rest:
    """API v1 of one server. Close it when done (`close`, or `async with`).

    Methods raise `ApiError` when the server refuses and `ConnectionLost` when it does not answer within 15 seconds.
    With `tokens` every call is signed; a token that is not good any more is renewed and the call repeated, once.
    """

    def __init__(self, address: Address, tokens: TokenSource | None = None) -> None:
        self.tokens = tokens
        self._http = httpx.AsyncClient(
            base_url=address.api,
            timeout=TIMEOUT,
            trust_env=not address.loopback,
            verify=_certificates(trust_env=not address.loopback),
        )

    async def __aenter__(self) -> "Rest":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    # Accounts.

    async def register(self, username: str, password: str, **profile: str) -> SignedInResource:
        """`profile`: email, first_name, last_name."""
        body = {"username": username, "password": password, **profile}
        return cast(SignedInResource, await self._open("POST", "auth/register", json=body))

    async def login(self, username: str, password: str, device: str | None = None) -> SignedInResource:
        """By username or by an email address claimed at registration."""
        body = {"username": username, "password": password} | ({"device": device} if device else {})
        return cast(SignedInResource, await self._open("POST", "auth/login", json=body))

    async def refresh(self, refresh: str) -> TokensResource:
        """A new pair; the old refresh token is good for 10 s more."""
        return cast(TokensResource, await self._open("POST", "auth/refresh", json={"refresh": refresh}))

    async def logout(self) -> None:
        """End this session."""
        await self._ask("POST", "auth/logout")

    async def me(self) -> AccountResource:
        return cast(AccountResource, await self._ask("GET", "me"))

    async def sessions(self) -> list[SessionResource]:
        return cast(list[SessionResource], (await self._ask("GET", "me/sessions"))["items"])

    async def blocks(self, cursor: str | None = None) -> tuple[list[UserResource], str | None]:
        """A page of those whom I block, and the cursor of the next one."""
        page = await self._ask("GET", "me/blocks", params={"cursor": cursor} if cursor else {})
        return page["items"], page["next"]

    async def block(self, user: str) -> None:
        await self._ask("PUT", f"me/blocks/{_path(user)}")

    async def unblock(self, user: str) -> None:
        await self._ask("DELETE", f"me/blocks/{_path(user)}")

    async def users(self, q: str, limit: int = 20) -> list[UserResource]:
        """The first `limit` people whose name looks like `q`."""
        found = await self._ask("GET", "users", params={"q": q, "limit": limit})
        return cast(list[UserResource], found["items"])

    # Rooms.

    async def rooms(
        self, cursor: str | None = None, *, hidden: bool = False
    ) -> tuple[list[MyRoomResource], str | None]:
        """A page of my rooms (those that I hid only if `hidden`), and the cursor of the next one."""
        params = ({"cursor": cursor} if cursor else {}) | ({"hidden": "true"} if hidden else {})
        page = await self._ask("GET", "rooms", params=params)
        return page["items"], page["next"]

    async def all_rooms(self, *, hidden: bool = False) -> AsyncIterator[MyRoomResource]:
        """All my rooms, page by page."""
        cursor: str | None = None
        while True:
            items, cursor = await self.rooms(cursor, hidden=hidden)
            for room in items:
                yield room
            if cursor is None:
                return

    async def directory(self, q: str = "", cursor: str | None = None) -> tuple[list[RoomResource], str | None]:
        """A page of public rooms, and the cursor of the next one."""
        params = {key: value for key, value in (("q", q), ("cursor", cursor)) if value}
        page = await self._ask("GET", "rooms/directory", params=params)
        return page["items"], page["next"]

    async def room(self, room: str) -> MyRoomResource:
        return cast(MyRoomResource, await self._ask("GET", f"rooms/{_path(room)}"))

    async def create(
        self, name: str | None = None, *, kind: str = "public", title: str | None = None, description: str = ""
    ) -> MyRoomResource:
        """A public room needs a `name`, a private one a `name` or a `title`. You become its owner."""
        body: Json = {"kind": kind, "description": description}
        body |= {key: value for key, value in (("name", name), ("title", title)) if value is not None}
        return cast(MyRoomResource, await self._ask("POST", "rooms", json=body))

    async def change_room(self, room: str, **settings: str) -> MyRoomResource:
        """`settings`: name, title, description."""
        return cast(MyRoomResource, await self._ask("PATCH", f"rooms/{_path(room)}", json=settings))

    async def delete_room(self, room: str) -> None:
        await self._ask("DELETE", f"rooms/{_path(room)}")

    async def join(self, room: str) -> None:
        """Being a member already is no error."""
        await self._ask("POST", f"rooms/{_path(room)}/join")

    async def leave(self, room: str) -> None:
        await self._ask("POST", f"rooms/{_path(room)}/leave")

    async def direct(self, user: str) -> MyRoomResource:
        """The direct room with a user (an id); made when there is none."""
        return cast(MyRoomResource, await self._ask("PUT", f"users/{_path(user)}/direct"))

    async def change_me(self, room: str, **fields: object) -> MembershipResource:
        """`fields`: notify (all, mentions, none), hidden, unread_from (an index, or None to take the mark back)."""
        return cast(MembershipResource, await self._ask("PATCH", f"rooms/{_path(room)}/me", json=fields))

    async def members(self, room: str, cursor: str | None = None) -> tuple[list[MemberResource], str | None]:
        """A page of members, and the cursor of the next one."""
        page = await self._ask("GET", f"rooms/{_path(room)}/members", params={"cursor": cursor} if cursor else {})
        return page["items"], page["next"]

    async def add_member(self, room: str, user: str) -> None:
        await self._ask("POST", f"rooms/{_path(room)}/members", json={"user": user})

    async def remove_member(self, room: str, user: str) -> None:
        await self._ask("DELETE", f"rooms/{_path(room)}/members/{_path(user)}")

    # Messages.

    async def history(self, room: str, **place: int) -> tuple[list[MessageResource], bool]:
        """`place`: before, after or around (an index), limit. Rows, oldest first, and whether there is more."""
        page = await self._ask("GET", f"rooms/{_path(room)}/messages", params=place)
        return page["items"], page["more"]

    async def post(
        self, room: str, body: str, *, client_id: str | None = None, reply_to: int | None = None
    ) -> MessageResource:
        """Give a `client_id` (random, 16 characters or more) to make it safe to repeat."""
        fields: Json = {"body": body}
        fields |= {key: value for key, value in (("client_id", client_id), ("reply_to", reply_to)) if value is not None}
        return cast(MessageResource, await self._ask("POST", f"rooms/{_path(room)}/messages", json=fields))

    async def message(self, room: str, index: int) -> MessageResource:
        return cast(MessageResource, await self._ask("GET", f"rooms/{_path(room)}/messages/{index}"))

    async def edit(self, room: str, index: int, body: str) -> MessageResource:
        path = f"rooms/{_path(room)}/messages/{index}"
        return cast(MessageResource, await self._ask("PATCH", path, json={"body": body}))

    async def delete(self, room: str, index: int) -> None:
        await self._ask("DELETE", f"rooms/{_path(room)}/messages/{index}")

    async def react(self, room: str, index: int, emoji: str, *, on: bool = True) -> None:
        path = f"rooms/{_path(room)}/messages/{index}/reactions/{_path(emoji)}"
        await self._ask("PUT" if on else "DELETE", path)

    async def pin(self, room: str, index: int, *, on: bool = True) -> None:
        await self._ask("PUT" if on else "DELETE", f"rooms/{_path(room)}/messages/{index}/pin")

    async def pins(self, room: str, cursor: str | None = None) -> tuple[list[MessageResource], str | None]:
        """A page of what is pinned, pinned last first, and the cursor of the next one."""
        page = await self._ask("GET", f"rooms/{_path(room)}/pins", params={"cursor": cursor} if cursor else {})
        return page["items"], page["next"]

    async def read(self, room: str, index: int) -> None:
        await self._ask("PUT", f"rooms/{_path(room)}/read", json={"index": index})

    # HTTP.

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        if self.tokens is None:
            return await self._open(method, path, **options)
        token = await self.tokens.access()
        try:
            return await self._open(method, path, headers={"Authorization": f"Bearer {token}"}, **options)
        except ApiError as error:
            if error.code != "unauthorized":
                raise
        token = await self.tokens.renew(token)
        return await self._open(method, path, headers={"Authorization": f"Bearer {token}"}, **options)

    async def _open(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise ConnectionLost(f"The server does not answer ({type(error).__name__}).") from error
        if response.is_success:
            return _json(response) if response.content else None
        raise _problem(response)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise ApiError(
            "internal", "This is no Tertulia server: its answer is not JSON.", response.status_code
        ) from None


def _problem(response: httpx.Response) -> ApiError:
    wait = retry_after(response.headers.get("Retry-After"))
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        code = "unavailable" if response.status_code in (502, 503, 504) else "internal"
        return ApiError(code, f"The server answered {response.status_code}.", response.status_code, wait)
    return ApiError(
        str(problem.get("code", "internal")),
        str(problem.get("detail") or problem.get("title") or "The server gave no reason."),
        response.status_code,
        problem.get("retry_after", wait),
        problem["fields"] if isinstance(problem.get("fields"), dict) else None,
    )


def _path(part: str) -> str:
    return quote(part, safe="")
