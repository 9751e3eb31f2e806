"""Routes of a dialect: what a handler is given, what it gives back, and how they are found."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from starlette.requests import Request
from starlette.routing import compile_path

from tertulia.dialects.dialect import Bounds, Ground
from tertulia.dialects.errors import not_signed_in
from tertulia.dialects.fields import Form
from tertulia.domain.models import Caller
from tertulia.http.exchange import visitor_of
from tertulia.services import Services
from tertulia.services.accounts import Device
from tertulia.services.tokens import Lifetimes

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Auth(Enum):
    """Who may ask."""

    REQUIRED = "signed in; else 401"
    OPTIONAL = "anybody; a bad credential is refused"
    LENIENT = "anybody; a bad credential is as good as none"
    NONE = "anybody; credentials are not looked at"


@dataclass(slots=True)
class Ask:
    """A request, read and checked. `form`: the fields that were given, cleaned; `root`: the path under which the
    dialect is served, without a slash at the end ("" at the root of a host).
    """

    ground: Ground
    request: Request
    root: str
    dialect: str
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    caller: Caller | None = None

    @property
    def services(self) -> Services:
        return self.ground.services

    @property
    def bounds(self) -> Bounds:
        return self.ground.bounds

    @property
    def lifetimes(self) -> Lifetimes:
        return self.ground.lifetimes[self.dialect]

    @property
    def me(self) -> Caller:
        """Who asks, where that is known for sure."""
        if self.caller is None:
            raise not_signed_in()
        return self.caller

    @property
    def device(self) -> Device:
        agent = self.request.headers.get("user-agent", "")
        name = agent[:255] if agent.isprintable() else ""
        return Device(name, visitor_of(self.request.scope).address)

    @property
    def base(self) -> str:
        """The dialect's root as an absolute URL."""
        visitor = visitor_of(self.request.scope)
        return f"{visitor.scheme}://{visitor.host}{self.root}"


@dataclass(frozen=True, slots=True)
class Cookie:
    """`seconds` 0 takes it away. HttpOnly and SameSite=Lax, for the dialect's root only, Secure on HTTPS."""

    name: str
    value: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer other than a body with the route's usual status. `content`: bytes as they are, of `media_type`."""

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()
    content: bytes | None = None
    media_type: str = "application/json"


Handler = Callable[[Ask], Awaitable[Any]]
"""Gives a `Reply`, or what is to be the JSON body; None: no body. Raises `Refused` or `Rejection`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a route. `answers`: for the document, a TypedDict (or any type Pydantic knows) or a text by status;
    the first is the usual one. `throttle`: as which kind of call it counts.
    """

    handler: Handler
    summary: str
    answers: Mapping[int, Any]
    form: Form | None = None
    auth: Auth = Auth.REQUIRED
    throttle: Literal["register", "login", "call"] = "call"
    shown: bool = True
    """In the OpenAPI document."""
    raw: bool = False
    """The handler reads the body itself: a picture, as large as `Ground.max_avatar_bytes` allows."""

    @property
    def status(self) -> int:
        status: int = next(iter(self.answers))
        return status


@dataclass(frozen=True, slots=True)
class Route:
    """`path` as Starlette writes it. It is taken with and without the last slash."""

    path: str
    pattern: re.Pattern[str]
    operations: dict[str, Operation] = field(default_factory=dict)


class Routes:
    """`@routes.post("/api/register/", "Sign up", {201: Registered}, form=Form(…), auth=Auth.NONE)` above a handler.

    Routes are tried in the order in which they were added; those of `parts` come first.
    """

    def __init__(self, *parts: "Routes") -> None:
        self.all: list[Route] = [route for part in parts for route in part.all]

    def get(self, path: str, summary: str, answers: Mapping[int, Any], **more: Any) -> Callable[[Handler], Handler]:
        return self.on(("GET",), path, summary, answers, **more)

    def post(self, path: str, summary: str, answers: Mapping[int, Any], **more: Any) -> Callable[[Handler], Handler]:
        return self.on(("POST",), path, summary, answers, **more)

    def delete(self, path: str, summary: str, answers: Mapping[int, Any], **more: Any) -> Callable[[Handler], Handler]:
        return self.on(("DELETE",), path, summary, answers, **more)

    def on(
        self, methods: tuple[Method, ...], path: str, summary: str, answers: Mapping[int, Any], **more: Any
    ) -> Callable[[Handler], Handler]:
        """One handler for several methods. `more`: the other fields of `Operation`."""

        def add(handler: Handler) -> Handler:
            operation = Operation(handler, summary, answers, **more)
            self._route(path).operations.update(dict.fromkeys(methods, operation))
            return handler

        return add

    def _route(self, path: str) -> Route:
        found = next((route for route in self.all if route.path == path), None)
        if found is None:
            found = Route(path, _pattern(path))
            self.all.append(found)
        return found

    def find(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The first route that has this path, and its parameters as text."""
        for route in self.all:
            matched = route.pattern.fullmatch(path)
            if matched is not None:
                return route, matched.groupdict()
        return None


def _pattern(path: str) -> re.Pattern[str]:
    pattern, _, _ = compile_path(path.rstrip("/") or "/")
    return re.compile(pattern.pattern.removesuffix("$") + ("" if path == "/" else "/?"), re.DOTALL)
