"""Signing in, or up."""

from typing import Protocol

from tertulia.cli.chat.escape import escaped
from tertulia.client import ApiError, ConnectionLost, Rest
from tertulia.protocol.resources import SignedInResource
from tertulia.refusal import Refusal

DEVICE = "tertulia chat"


class Asks(Protocol):
    """Whom to ask. Raises `Refusal` when nobody is there."""

    def username(self) -> str: ...

    def password(self) -> str: ...

    def is_new(self, username: str) -> bool:
        """Make an account of this name?"""

    def new_password(self, first: str | None) -> str:
        """One for a new account; `first` is what was typed before, None when that was too weak."""

    def again(self, sentence: str) -> None:
        """That did not work; returns if it may be tried again."""


async def sign_in(rest: Rest, asks: Asks) -> SignedInResource:
    """The account and its tokens; asks until it works. Raises `Refusal`, `ConnectionLost`, `ApiError`."""
    while True:
        name, password = asks.username(), asks.password()
        try:
            return await rest.login(name, password, DEVICE)
        except ApiError as error:
            if error.code != "wrong_credentials":
                raise
        if not asks.is_new(name):
            asks.again("Wrong username or password.")
        elif (signed_in := await _sign_up(rest, asks, name, password)) is not None:
            return signed_in


async def _sign_up(rest: Rest, asks: Asks, name: str, first: str) -> SignedInResource | None:
    """None when the name is not to be had."""
    password = asks.new_password(first)
    while True:
        try:
            return await rest.register(name, password)
        except ApiError as error:
            if error.code == "weak_password":
                asks.again(error.message)
                password = asks.new_password(None)
            elif error.code == "username_taken":
                asks.again(f"The name {escaped(name)} is taken, and this is not its password.")
                return None
            elif error.code in {"invalid", "invalid_text"}:
                asks.again(" ".join([error.message, *error.fields.values()]))
                return None
            else:
                raise


def sentence(error: ApiError | ConnectionLost, url: str) -> Refusal:
    """Why signing in did not work."""
    if isinstance(error, ConnectionLost):
        return Refusal(f"No server answers at {url}: start one with `tertulia serve`, or say where it is with --url.")
    wait = f" Try again in {error.retry_after:.0f} seconds." if error.retry_after else ""
    return Refusal(f"{error.message}{wait}")
