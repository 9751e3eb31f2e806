"""Bodies of REST requests."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tertulia.protocol.fields import Body, ClientId, Index, Position, Strict, Text, UserId

Username = Annotated[Text, Field(min_length=1, max_length=150, description="Letters, digits and @ . + - _")]
Password = Annotated[Text, Field(min_length=1, max_length=1024)]
Name = Annotated[Text, Field(max_length=150)]
Email = Annotated[Text, Field(max_length=254)]
Token = Annotated[Text, Field(min_length=1, max_length=4096)]
Title = Annotated[Text, Field(max_length=255)]
RoomName = Annotated[Text, Field(min_length=1, max_length=255)]
Description = Annotated[Text, Field(max_length=4096)]


MAX_FIELDS = 50


class _Request(Strict):
    """Of a body with thousands of unknown fields, a list of thousands of errors would be made, on the event loop."""

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) > MAX_FIELDS:
            raise ValueError("leave out all fields that are not documented")
        return given


class Register(_Request):
    username: Username
    password: Password
    email: Email | None = None
    first_name: Name = ""
    last_name: Name = ""


class Login(_Request):
    """`username` may also be an email address that was claimed at registration."""

    username: Annotated[Text, Field(min_length=1, max_length=254)]
    password: Password
    device: Annotated[Text, Field(max_length=255)] | None = None


class Refresh(_Request):
    refresh: Token


class Logout(_Request):
    """`everywhere`: end all my sessions, not only this one."""

    everywhere: bool = False


class ChangeProfile(_Request):
    """What is absent or null stays as it is."""

    first_name: Name | None = None
    last_name: Name | None = None


class ChangePassword(_Request):
    current: Password
    new: Password


class CreateRoom(_Request):
    """`name` is unique among public rooms, and may be left out for private ones.

    `title` is what people see (default: the name).
    """

    kind: Literal["public", "private"] = "public"
    name: RoomName | None = None
    title: Title | None = None
    description: Description = ""

    @model_validator(mode="after")
    def _needs_name(self) -> "CreateRoom":
        if self.name is None and (self.kind == "public" or not self.title):
            raise ValueError("give a public room a `name`, a private one a `name` or a `title`")
        return self


class ChangeRoom(_Request):
    name: RoomName | None = None
    title: Title | None = None
    description: Description | None = None


class AddMember(_Request):
    user: UserId


class PostMessage(_Request):
    body: Body
    client_id: ClientId | None = None
    reply_to: Index | None = None


class EditMessage(_Request):
    body: Body


class MarkRead(_Request):
    index: Position | None = None
    delivered: Position | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "MarkRead":
        if self.index is None and self.delivered is None:
            raise ValueError("give `index`, `delivered` or both")
        return self
