"""Bodies of REST requests."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tertulia.domain.invites import INVITE_SECONDS, MAX_INVITE_SECONDS
from tertulia.domain.links import MAX_TOKEN
from tertulia.domain.rooms import check_title
from tertulia.domain.webhooks import EVENTS, MAX_RESENT, MAX_SECRET, MAX_URL, MIN_SECRET, EventName
from tertulia.protocol.fields import (
    Body,
    ClientId,
    Index,
    Metadata,
    MuteEnd,
    MuteSeconds,
    Position,
    Reason,
    Role,
    Strict,
    Text,
    UserId,
)

Username = Annotated[Text, Field(min_length=1, max_length=150, description="Letters, digits and @ . + - _")]
Password = Annotated[Text, Field(min_length=1, max_length=1024)]
Name = Annotated[Text, Field(max_length=150)]
Email = Annotated[Text, Field(max_length=254)]
ClaimedEmail = Annotated[Text, Field(min_length=1, max_length=254)]
Token = Annotated[Text, Field(min_length=1, max_length=4096)]
LinkToken = Annotated[Text, Field(min_length=1, max_length=MAX_TOKEN)]
InviteCode = Annotated[Text, Field(min_length=1, max_length=64, description="Of an invitation.")]
Title = Annotated[Text, AfterValidator(check_title), Field(max_length=255, description="One line.")]
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
    """`cookie`: see `Login`."""

    username: Username
    password: Password
    email: Email | None = None
    first_name: Name = ""
    last_name: Name = ""
    invite: InviteCode | None = None
    cookie: bool = False


class Login(_Request):
    """`username` may also be an email address that was claimed at registration.

    `cookie`: put the refresh token into a cookie, for pages of this server's own origin, and not into the answer.
    """

    username: Annotated[Text, Field(min_length=1, max_length=254)]
    password: Password
    device: Annotated[Text, Field(max_length=255)] | None = None
    cookie: bool = False


class Refresh(_Request):
    refresh: Token


class Logout(_Request):
    """`everywhere`: end all my sessions, not only this one."""

    everywhere: bool = False


class ChangeProfile(_Request):
    """What is absent or null stays as it is."""

    first_name: Name | None = None
    last_name: Name | None = None


class DeleteAccount(_Request):
    """`password`: of who has one. `erase_messages`: blank what I wrote; otherwise it stays, by a deleted user."""

    password: Password | None = None
    erase_messages: bool = False


class PutServerUser(_Request):
    """A user of the product's backend. What is absent or null stays as it is; `""` takes email or avatar away."""

    username: Username | None = None
    email: Email | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    avatar: Annotated[Text, Field(max_length=2048, description="An http(s) address of a picture.")] | None = None
    metadata: Metadata | None = None
    is_bot: bool | None = None


class ChangeServerUser(PutServerUser):
    """`is_active`: false ends all sessions and refuses new ones."""

    is_active: bool | None = None


class ChangePassword(_Request):
    current: Password
    new: Password


class Forgot(_Request):
    email: ClaimedEmail


class Reset(_Request):
    """`token`: what stands behind `#token=` in the link."""

    token: LinkToken
    password: Password


class Confirm(_Request):
    """`token`: what stands behind `#token=` in the link."""

    token: LinkToken


class ChangeEmail(_Request):
    """`password`: the present one."""

    email: ClaimedEmail
    password: Password


class CreateRoom(_Request):
    """`name` is unique among public rooms, and may be left out for private ones.

    `title` is what people see (default: the name).
    """

    kind: Literal["public", "private"] = "public"
    name: RoomName | None = None
    title: Title | None = None
    description: Description = ""
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _needs_name(self) -> "CreateRoom":
        if self.name is None and (self.kind == "public" or not self.title):
            raise ValueError("give a public room a `name`, a private one a `name` or a `title`")
        return self


class RoomSettings(Strict):
    """What is absent or null stays as it is. `slow_mode`: seconds between two posts of a member, 0: none.

    `retention_days`: messages older than that are removed, 0: never.
    """

    name: RoomName | None = None
    title: Title | None = None
    description: Description | None = None
    metadata: Metadata | None = None
    archived: bool | None = None
    slow_mode: Annotated[int, Field(ge=0, le=86_400)] | None = None
    retention_days: Annotated[int, Field(ge=0, le=36_500)] | None = None


class ChangeRoom(RoomSettings, _Request):
    __doc__ = RoomSettings.__doc__


class AddMember(_Request):
    """`role`: of who comes in, `member` if it is not given; a member's is changed with PATCH."""

    user: UserId
    role: Role | None = None


class ChangeMember(_Request):
    role: Role


class Transfer(_Request):
    """`user`: a member, who becomes the owner."""

    user: UserId


class MuteMember(_Request):
    """One of the two: until a time, or for so many seconds."""

    until: MuteEnd | None = None
    seconds: MuteSeconds | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> "MuteMember":
        if (self.until is None) == (self.seconds is None):
            raise ValueError("give `until` or `seconds`")
        return self


class BanUser(_Request):
    reason: Reason = ""


class PostMessage(_Request):
    body: Body
    client_id: ClientId | None = None
    reply_to: Index | None = None
    metadata: Metadata | None = None


class EditMessage(_Request):
    body: Body


class ChangeMe(_Request):
    """What is absent or null stays as it is; but `unread_from` null takes the mark back."""

    notify: Literal["all", "mentions", "none"] | None = None
    hidden: bool | None = None
    unread_from: Index | None = None

    @property
    def takes_mark_back(self) -> bool:
        return self.unread_from is None and "unread_from" in self.model_fields_set


class MarkRead(_Request):
    index: Position | None = None
    delivered: Position | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "MarkRead":
        if self.index is None and self.delivered is None:
            raise ValueError("give `index`, `delivered` or both")
        return self


class MakeInvite(_Request):
    """`expires_in`: seconds, a week if it is not given; `max_uses`: any number if it is not given."""

    expires_in: Annotated[int, Field(ge=60, le=MAX_INVITE_SECONDS)] = INVITE_SECONDS
    max_uses: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class MakeReport(_Request):
    """`reason`: what is wrong, for the staff of the server."""

    reason: Annotated[Text, Field(min_length=1, max_length=2_000)]


class ResolveReport(_Request):
    """`resolution`: what was done about it; `delete_message`: delete the reported message, too."""

    resolution: Annotated[Text, Field(min_length=1, max_length=2_000)]
    delete_message: bool = False


class PutWord(_Request):
    """`refuse` texts with this word, or let them through and `report` them."""

    action: Literal["refuse", "report"]


class ChangeStanding(_Request):
    """What is absent or null stays as it is."""

    is_active: bool | None = None
    is_staff: bool | None = None


Ref = Annotated[
    Text, Field(min_length=1, max_length=300, description="A user's id (UUID), or `external:` and your own id.")
]


class ChangeServerRoom(ChangeRoom):
    """What is absent or null stays as it is."""


class PutServerRoom(ChangeServerRoom):
    """A room of yours as it is to be. `kind` (`private` if it is not given) and `owner` are for when it is made.

    One that is there keeps its owner; another `kind` than it has is refused.
    """

    kind: Literal["public", "private"] | None = None
    owner: Ref | None = None

    @model_validator(mode="after")
    def _needs_name(self) -> "PutServerRoom":
        if self.kind == "public" and self.name is None:
            raise ValueError("give a public room a `name`")
        return self


class PutServerMember(_Request):
    """Without `role` a member stays what they are, and who comes in is a member."""

    role: Literal["owner", "admin", "moderator", "member"] | None = None


class PostServerMessage(PostMessage):
    """`sender`: in whose name; a bot's, or any user's."""

    sender: Ref


HookUrl = Annotated[Text, Field(max_length=MAX_URL, description="http or https, and not of the server's own network.")]
HookEvents = Annotated[list[EventName], Field(min_length=1, max_length=len(EVENTS))]
HookSecret = Annotated[Text, Field(min_length=MIN_SECRET, max_length=MAX_SECRET, description="Printable ASCII.")]


class CreateWebhook(_Request):
    """Without `secret` one is made."""

    url: HookUrl
    events: HookEvents
    secret: HookSecret | None = None


class ChangeWebhook(_Request):
    """What is absent or null stays as it is. `enabled` false: nothing is recorded or sent; what waits stays."""

    url: HookUrl | None = None
    events: HookEvents | None = None
    secret: HookSecret | None = None
    enabled: bool | None = None


class ResendWebhook(_Request):
    """`ids` of dead deliveries; without it all of them."""

    ids: Annotated[list[Annotated[Text, Field(max_length=64)]], Field(min_length=1, max_length=MAX_RESENT)] | None = (
        None
    )
