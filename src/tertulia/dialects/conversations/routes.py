"""HTTP of the dialect conversations."""

from functools import partial

from tertulia.dialects.conversations.shapes import (
    AccessShape,
    Nothing,
    Opened,
    PersonShape,
    Registered,
    message_shape,
    opened_shape,
    person_shape,
    registered_shape,
)
from tertulia.dialects.entering import TokensShape, pair_of, sign_in, sign_up_only
from tertulia.dialects.errors import Refused, invalid, no_such
from tertulia.dialects.fields import Email, Fault, Form, Text
from tertulia.dialects.routes import Ask, Auth, Reply, Routes
from tertulia.dialects.texts import taken, weak, written
from tertulia.dialects.tokens import no_account, refresh_refused
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import canonical_id
from tertulia.domain.passwords import Strength
from tertulia.domain.usernames import check_name
from tertulia.services.accounts import Registration

routes = Routes()

MAX_PASSWORD = 1_024
"""Characters, as in API v1."""
UNEQUAL = "Password fields didn't match."
EMAIL_TAKEN = "user account with this email already exists."
REFRESH = Form(refresh=Text(trim=False))


# Accounts


def _password(text: str) -> None:
    faults = weak(text, {})
    if faults:
        raise Fault(*faults)


@routes.post(
    "/api/register/",
    "Sign up; one signs in with the address.",
    {201: Registered, 400: "What is wrong with each field."},
    form=Form(
        first_name=Text(most=100, check=partial(check_name, field="first_name")),
        last_name=Text(most=100, check=partial(check_name, field="last_name")),
        email=Email(most=200),
        password=Text(most=MAX_PASSWORD, trim=False, check=_password),
        confirm_password=Text(trim=False),
    ),
    auth=Auth.NONE,
    throttle="register",
)
async def register(ask: Ask) -> Registered:
    form = ask.form
    if form["password"] != form["confirm_password"]:
        raise invalid(password=UNEQUAL)
    registration = Registration(
        None,
        form["password"],
        form["email"].lower(),
        form["first_name"],
        form["last_name"],
        strength=Strength.GENERAL,
    )
    return registered_shape(await sign_up_only(ask, registration, {"email_taken": invalid(email=EMAIL_TAKEN)}))


@routes.post(
    "/api/login/",
    "Sign in.",
    {200: TokensShape, 400: "A field is missing.", 401: "Wrong address or password."},
    form=Form(email=Text(), password=Text(trim=False)),
    auth=Auth.NONE,
    throttle="login",
)
async def login(ask: Ask) -> TokensShape:
    return pair_of(await sign_in(ask, ask.form["email"], ask.form["password"], "email", no_account()))


@routes.post(
    "/api/token/refresh/",
    "A fresh access token; the refresh token stays good.",
    {200: AccessShape, 400: "The field is missing.", 401: "The token is not good."},
    form=REFRESH,
    auth=Auth.NONE,
    throttle="login",
)
async def refresh(ask: Ask) -> AccessShape:
    try:
        return {"access": await ask.services.sessions.fresh_access(ask.form["refresh"], ask.lifetimes)}
    except Rejection as rejection:
        raise refresh_refused(rejection) from None


@routes.post(
    "/api/logout/",
    "Sign out: the refresh token is what one signs out with, and it is dead from then on.",
    {200: Nothing, 400: "The field is missing.", 401: "The token is not good."},
    form=REFRESH,
    auth=Auth.NONE,
)
async def logout(ask: Ask) -> Nothing:
    try:
        await ask.services.sessions.leave_by(ask.form["refresh"])
    except Rejection as rejection:
        raise refresh_refused(rejection) from None
    return {}


# People and conversations. The original's document heads these with POST and says GET: both are taken, no body is read.


@routes.on(("GET", "POST"), "/api/users/", "Everybody but oneself.", {200: list[PersonShape]})
async def people(ask: Ask) -> list[PersonShape]:
    return [person_shape(user) for user in await ask.services.people.everybody(ask.me, ask.bounds.rooms)]


@routes.on(
    ("GET", "POST"),
    "/api/users/{user}/chat/",
    "The conversation with somebody, which is made if there is none, and its messages, newest first.",
    {200: Opened, 400: "It is oneself.", 403: "Not with them.", 404: "There is nobody with this id."},
)
async def chat(ask: Ask) -> Opened:
    services, partner = ask.services, ask.params["user"]
    if canonical_id(partner) == ask.me.user_id:
        raise Refused(400, {"success": False, "msg": "Invalid recipient.", "status": 400})
    try:
        view, _ = await services.rooms.open_direct(ask.me, partner)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("UserAccount")}) from None
    found = written(await services.lookup.newest(ask.me, view.room.number, ask.bounds.history))
    return opened_shape(view.room.id, [message_shape(filed.message) for filed in reversed(found)])


# For developers


@routes.get("/api/docs/", "This page.", {302: "It is elsewhere."}, auth=Auth.NONE, shown=False)
async def docs(ask: Ask) -> Reply:
    return Reply(headers={"Location": f"{ask.root}/swagger/"})


@routes.get("/api/schema/", "This document.", {302: "It is elsewhere."}, auth=Auth.NONE, shown=False)
async def schema(ask: Ask) -> Reply:
    return Reply(headers={"Location": f"{ask.root}/swagger/openapi.json"})
