"""HTTP of the dialect shh: accounts and sessions."""

from collections.abc import Mapping
from typing import Any, Literal

from tertulia.dialects.cookies import cookie_of
from tertulia.dialects.entering import sign_in, sign_up_only
from tertulia.dialects.errors import Refused, detail, invalid
from tertulia.dialects.fields import Anything, Email, Form, Text
from tertulia.dialects.routes import Ask, Auth, Reply, Routes
from tertulia.dialects.shh.credentials import (
    REFRESH,
    check_page,
    cookie_lifetimes,
    cookies,
    first_cookies,
    no_cookies,
    refresh_refused,
)
from tertulia.dialects.shh.shapes import Done, Person, Refreshed, Registered, SignedIn, person_shape, user_shape
from tertulia.dialects.texts import taken, username, weak
from tertulia.domain.errors import Rejection
from tertulia.services.accounts import Registration

routes = Routes()

TEXT = {"type": "string"}
MAX_NAME = 150
MAX_PASSWORD = 1024
BY_USERNAME = Form(username=Text(), password=Text(trim=False))
BY_EMAIL = Form(email=Text(), password=Text(trim=False))


@routes.post(
    "/register/",
    "Sign up; sign in afterwards. Without a username one is made.",
    {201: Registered, 400: "What is wrong with each field."},
    form=Form(
        username=Text(required=False, most=150, check=username),
        email=Email(),
        password=Text(most=MAX_PASSWORD, trim=False),
        first_name=Text(required=False, blank=True, most=MAX_NAME),
        last_name=Text(required=False, blank=True, most=MAX_NAME),
    ),
    auth=Auth.NONE,
    throttle="register",
)
async def register(ask: Ask) -> Registered:
    form = ask.form
    first, last = form.get("first_name", ""), form.get("last_name", "")
    registration = Registration(form.get("username"), form["password"], form["email"], first, last, claims_email=True)
    try:
        user = await sign_up_only(ask, registration, {})
    except Rejection as rejection:
        raise _not_registered(registration, rejection) from None
    shape = user_shape(user)
    return {
        **shape,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "user": shape,
        "message": "Registration successful",
    }


def _not_registered(registration: Registration, rejection: Rejection) -> Refused:
    if rejection.code != "weak_password":
        name = invalid(username="user with this username already exists.")
        email = invalid(email="user with this email already exists.")
        return taken(rejection, {"username_taken": name, "email_taken": email})
    about = {
        "username": registration.username or "",
        "email": registration.email or "",
        "first name": registration.first_name,
        "last name": registration.last_name,
    }
    return invalid(password=weak(registration.password, about) or rejection.message)


@routes.post(
    "/login/",
    "Sign in by username or by email address: a token to send as Bearer, and the same as cookies.",
    {200: SignedIn, 400: "A field is missing, or the credentials are wrong."},
    form=Form(username=Anything(kind=TEXT), email=Anything(kind=TEXT), password=Anything(kind=TEXT)),
    auth=Auth.NONE,
    throttle="login",
)
async def login(ask: Ask) -> Reply:
    name, password, by = _credentials(ask.form)
    wrong = invalid(non_field_errors="Invalid email or password")
    signed_in = await sign_in(ask, name, password, by, wrong)
    body: SignedIn = {
        "message": "Login successful",
        "token": signed_in.tokens["access"],
        "user": user_shape(signed_in.user),
    }
    return Reply(body, cookies=await first_cookies(ask, signed_in.tokens["refresh"]))


def _credentials(given: Mapping[str, Any]) -> tuple[str, str, Literal["email", "either"]]:
    """The name, the password, and what the name may be."""
    if "email" in given:
        form = BY_EMAIL.clean(given)
        return form["email"], form["password"], "email"
    form = BY_USERNAME.clean(given)
    return form["username"], form["password"], "either"


@routes.post(
    "/refresh/",
    "New cookies for the cookie refresh_token, which is used up.",
    {200: Refreshed, 400: "There is no such cookie.", 401: "Its token is not good."},
    auth=Auth.NONE,
)
async def refresh(ask: Ask) -> Reply:
    token = cookie_of(ask.request, REFRESH)
    if not token:
        raise detail(400, "No refresh token")
    check_page(ask)
    try:
        user, tokens = await ask.services.sessions.refresh_once(token, ask.device.address, cookie_lifetimes(ask))
    except Rejection as rejection:
        raise refresh_refused(rejection) from None
    body: Refreshed = {"message": "Token refreshed successfully", "user_id": user}
    return Reply(body, cookies=cookies(ask, tokens["access"], tokens["refresh"]))


@routes.post("/logout/", "End the session and take the cookies away.", {200: Done}, auth=Auth.LENIENT)
async def logout(ask: Ask) -> Reply:
    check_page(ask)
    if ask.caller is not None:
        await ask.services.sessions.leave(ask.caller)
    try:
        await ask.services.sessions.leave_by(cookie_of(ask.request, REFRESH))
    except Rejection as rejection:
        if rejection.code != "unauthorized":  # that there is none, or that it has ended, is no error
            raise
    return Reply(Done(message="Logged out"), cookies=no_cookies())


@routes.get("/api/users/", "Everybody else.", {200: list[Person]})
async def users(ask: Ask) -> list[Person]:
    return [person_shape(user) for user in await ask.services.people.everybody(ask.me, ask.bounds.rooms)]
