"""Types of single fields, for REST bodies and socket commands alike."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.metadata import check_metadata
from tertulia.domain.mutes import MAX_SECONDS
from tertulia.domain.text import MAX_BODY, check_body, check_text

Text = Annotated[str, AfterValidator(check_text)]
"""Any Unicode but U+0000 and unpaired surrogates. Every text from outside is one."""

Body = Annotated[str, AfterValidator(check_body), Field(json_schema_extra={"minLength": 1, "maxLength": MAX_BODY})]
"""A message's text, 1 to 16,384 characters."""

RoomId = Annotated[str, StringConstraints(to_lower=True), Field(max_length=64, description="A room's id (UUID).")]
UserId = Annotated[str, StringConstraints(to_lower=True), Field(max_length=64, description="A user's id (UUID).")]
Index = Annotated[int, Field(ge=1, le=MAX_INTEGER, description="A message's place in the timeline: 1, 2, 3, …")]
Position = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Seq = Annotated[int, Field(ge=0, le=MAX_INTEGER, description="A change's place in the room's order.")]
ClientId = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=64,
        description="The client's own key for this post: post twice = once. Random, 16 characters or more.",
    ),
]
Metadata = Annotated[
    dict[str, Any],
    AfterValidator(check_metadata),
    Field(description="Your own JSON object, up to 4 KB; kept as sent and never looked into."),
]
ExternalId = Annotated[
    Text, Field(min_length=1, max_length=255, description="Your own id of it: unique, and never used for another.")
]
Role = Literal["admin", "moderator", "member"]
"""That can be given; the owner's is transferred."""
Reason = Annotated[Text, Field(max_length=500, description="For those who may ban; the banned one is not told.")]
MuteSeconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
MuteEnd = Annotated[Text, Field(max_length=40, description="ISO 8601 with a zone, within ten years.")]
PageSize = Annotated[int, Field(ge=1, le=100)]
Emoji = Annotated[Text, Field(min_length=1, max_length=64)]


class Strict(BaseModel):
    """Base of everything that comes from outside: no unknown fields, no silent conversions."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
