"""Tokens, and the devices that are signed in."""

from typing import NotRequired

from typing_extensions import TypedDict

from tertulia.domain.models import Session
from tertulia.domain.times import iso
from tertulia.protocol.resources.users import AccountResource


class TokensResource(TypedDict):
    """A pair of tokens; `expires_in` is the access token's life in seconds. No `refresh`: it is in the cookie."""

    access: str
    refresh: NotRequired[str]
    expires_in: int


class SignedInResource(TypedDict):
    user: AccountResource
    tokens: TokensResource


class SessionResource(TypedDict):
    """One signed-in device. `current`: the one that asks."""

    id: str
    device: str
    address: str
    created_at: str
    last_used_at: str
    current: bool


class SessionsResource(TypedDict):
    items: list[SessionResource]
    next: str | None


def session_resource(session: Session, current: str) -> SessionResource:
    return {
        "id": session.id,
        "device": session.device,
        "address": session.address,
        "created_at": iso(session.created_at),
        "last_used_at": iso(session.last_used_at),
        "current": session.id == current,
    }
