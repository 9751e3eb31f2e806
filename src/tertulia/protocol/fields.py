"""Types of single fields, for REST bodies and socket commands alike."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from tertulia.domain.ids import MAX_INTEGER
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
PageSize = Annotated[int, Field(ge=1, le=100)]
Emoji = Annotated[Text, Field(min_length=1, max_length=64)]


class Strict(BaseModel):
    """Base of everything that comes from outside: no unknown fields, no silent conversions."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
