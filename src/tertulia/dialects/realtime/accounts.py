"""HTTP of the dialect realtime: accounts, tokens, one's own profile."""

from tertulia.dialects.bodies import read_picture
from tertulia.dialects.entering import USERNAME_TAKEN, TokensShape, by_username, pair_of, renew, sign_in, sign_up_only
from tertulia.dialects.errors import Refused, invalid
from tertulia.dialects.fields import Email, Form, Text
from tertulia.dialects.realtime.shapes import Picture, Profile, Registered, profile_shape
from tertulia.dialects.routes import Ask, Auth, Routes
from tertulia.dialects.texts import taken, username
from tertulia.domain.errors import Rejection
from tertulia.domain.passwords import ANY_LENGTH

routes = Routes()

PICTURE = "/users/auth/profile/picture/"
NAME = Text(required=False, blank=True, most=150)


@routes.post(
    "/users/auth/register/",
    "Sign up; sign in afterwards.",
    {201: Registered, 400: "What is wrong with each field."},
    form=Form(
        username=Text(most=150, check=username),
        email=Email(required=False, blank=True),
        password=Text(most=ANY_LENGTH, trim=False),
    ),
    auth=Auth.NONE,
    throttle="register",
)
async def register(ask: Ask) -> Registered:
    user = await sign_up_only(ask, by_username(ask.form), {"username_taken": invalid(username=USERNAME_TAKEN)})
    return {"username": user.username, "email": user.email or ""}


@routes.post(
    "/users/auth/login/",
    "Sign in.",
    {200: TokensShape, 400: "A field is missing.", 401: "Wrong username or password."},
    form=Form(username=Text(), password=Text(trim=False)),
    auth=Auth.NONE,
    throttle="login",
)
async def login(ask: Ask) -> TokensShape:
    wrong = Refused(401, {"error": "Invalid Credentials"})
    return pair_of(await sign_in(ask, ask.form["username"], ask.form["password"], "username", wrong))


@routes.post(
    "/users/token/refresh/",
    "A new pair of tokens; the one that was given is used up.",
    {200: TokensShape, 400: "The field is missing.", 401: "The token is not good."},
    form=Form(refresh=Text(trim=False)),
    auth=Auth.NONE,
    throttle="login",
)
async def refresh(ask: Ask) -> TokensShape:
    return await renew(ask)


# One's own profile


@routes.get("/users/auth/profile/", "Who I am.", {200: Profile})
async def profile(ask: Ask) -> Profile:
    return profile_shape(await ask.services.people.me(ask.me))


@routes.on(
    ("PUT", "PATCH"),
    "/users/auth/profile/",
    "Change my names.",
    {200: Profile, 400: "What is wrong with each field."},
    form=Form(first_name=NAME, last_name=NAME),
)
async def change_profile(ask: Ask) -> Profile:
    form = ask.form
    return profile_shape(
        await ask.services.accounts.change_profile(ask.me, form.get("first_name"), form.get("last_name"))
    )


@routes.get(PICTURE, "My picture.", {200: Picture})
async def picture(ask: Ask) -> Picture:
    return {"profile_picture": (await ask.services.people.me(ask.me)).avatar}


@routes.on(
    ("PUT", "POST"),
    PICTURE,
    "Upload my picture: a PNG, JPEG, WebP or GIF.",
    {200: Picture, 400: "It is no picture.", 413: "It is too large.", 415: "Send a picture, or a form with one."},
    raw=True,
)
async def put_picture(ask: Ask) -> Picture:
    avatars = ask.services.avatars
    with avatars.place(ask.me):
        content = await read_picture(ask.request)
        try:
            user = await avatars.put(ask.me, content)
        except Rejection as rejection:
            raise taken(rejection, {"invalid": invalid(picture=rejection.message)}) from None
    return {"profile_picture": user.avatar}


@routes.delete(PICTURE, "Have no picture.", {204: None})
async def remove_picture(ask: Ask) -> None:
    await ask.services.avatars.remove(ask.me)
