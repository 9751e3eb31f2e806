"""Signing up and in, as all dialects do it; each says in its own words what is wrong."""

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import TypedDict

from tertulia.dialects.errors import Refused
from tertulia.dialects.routes import Ask
from tertulia.dialects.texts import taken
from tertulia.dialects.tokens import refresh_refused
from tertulia.domain.errors import Rejection
from tertulia.domain.models import User
from tertulia.domain.passwords import Strength
from tertulia.services.accounts import Registration, SignedIn

USERNAME_TAKEN = "A user with that username already exists."


class TokensShape(TypedDict):
    refresh: str
    access: str


def by_username(form: Mapping[str, Any]) -> Registration:
    """Of somebody who signs in by username: any password will do, and an address is no login."""
    return Registration(
        form["username"],
        form["password"],
        form.get("email") or None,
        claims_email=False,
        strength=Strength.ANY,
        exact_name=True,
    )


async def sign_up(ask: Ask, registration: Registration, refusals: Mapping[str, Refused]) -> SignedIn:
    """A new account, signed in. `refusals`: answers by the code of the rejection; raises all others as they are."""
    try:
        return await ask.services.accounts.register(registration, ask.device, ask.lifetimes)
    except Rejection as rejection:
        raise taken(rejection, refusals) from None


async def sign_up_only(ask: Ask, registration: Registration, refusals: Mapping[str, Refused]) -> User:
    """The same for who signs in afterwards: the session that nobody has tokens of is ended."""
    signed_in = await sign_up(ask, registration, refusals)
    await ask.services.sessions.leave_by(signed_in.tokens["refresh"])
    return signed_in.user


async def sign_in(
    ask: Ask, name: str, password: str, by: Literal["either", "username", "email"], wrong: Refused
) -> SignedIn:
    """`wrong`: the answer for wrong credentials."""
    try:
        return await ask.services.accounts.login(name, password, ask.device, by=by, lifetimes=ask.lifetimes)
    except Rejection as rejection:
        raise taken(rejection, {"wrong_credentials": wrong}) from None


async def renew(ask: Ask) -> TokensShape:
    """A new pair for the `refresh` token of the form, which is used up."""
    try:
        _, tokens = await ask.services.sessions.refresh_once(ask.form["refresh"], ask.device.address, ask.lifetimes)
    except Rejection as rejection:
        raise refresh_refused(rejection) from None
    return {"refresh": tokens["refresh"], "access": tokens["access"]}


def pair_of(signed_in: SignedIn) -> TokensShape:
    return {"refresh": signed_in.tokens["refresh"], "access": signed_in.tokens["access"]}
