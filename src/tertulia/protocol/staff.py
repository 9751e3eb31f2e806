"""What the staff of the server see: reports, words, the audit log, accounts."""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.models import User
from tertulia.domain.reports import Report
from tertulia.domain.times import iso
from tertulia.protocol.resources import UserResource, user_resource


class ReportedResource(TypedDict):
    """The answer to who reports."""

    id: str
    created_at: str


class ReportResource(ReportedResource):
    """`user`: whom it is about; `reporter` absent: the word list. `room`: its id; `body`: the message as it was then,
    or the texts that were flagged.
    """

    reason: str
    user: NotRequired[UserResource]
    reporter: NotRequired[UserResource]
    room: NotRequired[str]
    index: NotRequired[int]
    message: NotRequired[str]
    body: NotRequired[str]
    resolved_at: NotRequired[str]
    resolved_by: NotRequired[UserResource]
    resolution: NotRequired[str]


class ReportsResource(TypedDict):
    items: list[ReportResource]
    next: str | None


class WordResource(TypedDict):
    """`word` is folded: lower case, in its compatible form."""

    word: str
    action: Literal["refuse", "report"]
    created_at: str


class WordsResource(TypedDict):
    items: list[WordResource]
    next: str | None


class AuditResource(TypedDict):
    """`actor` absent: a server key, the command line or the server itself, as `via` says. `user`: whom it is about."""

    at: str
    via: str
    act: str
    actor: NotRequired[UserResource]
    user: NotRequired[UserResource]
    room: NotRequired[str]
    details: NotRequired[dict[str, Any]]


class AuditPageResource(TypedDict):
    items: list[AuditResource]
    next: str | None


class StaffUserResource(UserResource):
    """An account, as staff see it."""

    is_active: bool
    is_staff: bool


def report_resource(report: Report, people: Mapping[int, User]) -> ReportResource:
    """`people`: at least those whom the report names, by number."""
    resource: dict[str, Any] = {"id": report.id, "created_at": iso(report.created_at), "reason": report.reason}
    for name in ("user", "reporter", "resolved_by"):
        number = getattr(report, name)
        if number in people:
            resource[name] = user_resource(people[number])
    told = {
        "room": report.room_id,
        "index": report.index,
        "message": report.message_id,
        "body": report.body,
        "resolved_at": None if report.resolved_at is None else iso(report.resolved_at),
        "resolution": report.resolution,
    }
    resource |= {name: value for name, value in told.items() if value is not None}
    return resource  # type: ignore[return-value]


def staff_user_resource(user: User) -> StaffUserResource:
    return {**user_resource(user), "is_active": user.is_active, "is_staff": user.is_staff}
