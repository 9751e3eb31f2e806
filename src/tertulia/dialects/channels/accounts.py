"""Accounts in the dialect channels: signing up, in and out, and who there is."""

from tertulia.dialects.channels.credentials import COOKIE, WRONG, check_page
from tertulia.dialects.channels.shapes import Person, Registered, SignedIn, person_shape
from tertulia.dialects.entering import USERNAME_TAKEN, by_username, sign_in, sign_up_only
from tertulia.dialects.errors import CHALLENGE, detail, invalid
from tertulia.dialects.fields import Email, Fault, Form, Text
from tertulia.dialects.routes import Ask, Auth, Cookie, Reply, Routes
from tertulia.dialects.texts import username
from tertulia.domain.passwords import ANY_LENGTH, MIN_LENGTH

routes = Routes()


def _long_enough(password: str) -> None:
    if len(password) < MIN_LENGTH:
        raise Fault(f"This password is too short. It must contain at least {MIN_LENGTH} characters.")


@routes.post(
    "/api/register/",
    "Sign up; sign in afterwards.",
    {201: Registered, 400: "What is wrong with each field."},
    form=Form(
        username=Text(most=150, check=username),
        password=Text(most=ANY_LENGTH, trim=False, check=_long_enough),
        email=Email(required=False, nullable=True, blank=True),
    ),
    auth=Auth.OPTIONAL,
    throttle="register",
)
async def register(ask: Ask) -> Registered:
    user = await sign_up_only(ask, by_username(ask.form), {"username_taken": invalid(username=USERNAME_TAKEN)})
    return {"id": user.number, "username": user.username}


@routes.post(
    "/api/login/",
    "Sign in: a token to send as Bearer, and a session as a cookie.",
    {200: SignedIn, 400: "A field is missing.", 401: "Wrong username or password."},
    form=Form(username=Text(), password=Text(trim=False)),
    auth=Auth.OPTIONAL,
    throttle="login",
)
async def login(ask: Ask) -> Reply:
    check_page(ask)
    wrong = detail(401, WRONG, CHALLENGE)
    signed_in = await sign_in(ask, ask.form["username"], ask.form["password"], "username", wrong)
    tokens, user = signed_in.tokens, signed_in.user
    said: SignedIn = {"id": user.number, "username": user.username, "token": tokens["access"]}
    return Reply(said, cookies=(Cookie(COOKIE, tokens["refresh"], ask.lifetimes.refresh),))


@routes.post("/api/logout/", "End the session and take the cookie away.", {204: None}, auth=Auth.OPTIONAL)
async def logout(ask: Ask) -> Reply:
    if ask.caller is not None:
        await ask.services.sessions.leave(ask.caller)
    return Reply(cookies=(Cookie(COOKIE, "", 0),))


@routes.get("/api/users/", "Everybody; nobody without a credential.", {200: list[Person]}, auth=Auth.OPTIONAL)
async def users(ask: Ask) -> list[Person]:
    if ask.caller is None:
        return []
    people = ask.services.people
    found = [await people.me(ask.caller), *await people.everybody(ask.caller, ask.bounds.rooms - 1)]
    return [person_shape(user) for user in sorted(found, key=lambda user: user.number)]
