"""Reports: by everybody, for the staff."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import TypeAdapter

from tertulia.domain.reports import Report
from tertulia.domain.times import iso
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep, StaffDep, UserPath
from tertulia.http.messages import IndexPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position
from tertulia.protocol.requests import MakeReport, ResolveReport
from tertulia.protocol.staff import ReportedResource, ReportResource, ReportsResource, report_resource

router = APIRouter(tags=["reports"])

ReportPath = Annotated[str, Path(max_length=64, description="A report's id (UUID).")]

_BEFORE = TypeAdapter(tuple[Position])
_AGAIN: dict[int | str, dict[str, Any]] = {
    200: {"model": ReportedResource, "description": "Reported before, by you: that report."}
}
_STAFF = ("unauthorized", "forbidden", "rate_limited")


def _reported(report: Report, again: bool, response: Response) -> ReportedResource:
    response.status_code = 200 if again else 201
    return {"id": report.id, "created_at": iso(report.created_at)}


@router.post(
    "/rooms/{room}/messages/{index}/report",
    status_code=201,
    response_model=ReportedResource,
    responses={**_AGAIN, **refusals("invalid", "unauthorized", "not_found", "deleted", "rate_limited", "busy")},
)
async def report_message(
    room: RoomPath, index: IndexPath, body: MakeReport, caller: CallerDep, services: ServicesDep, response: Response
) -> ReportedResource:
    """Tell the staff of a message, which is kept for them as it is now. At most 20 reports in 24 hours."""
    return _reported(*await services.reports.message(caller, room, index, body.reason), response)


@router.post(
    "/users/{user}/report",
    status_code=201,
    response_model=ReportedResource,
    responses={**_AGAIN, **refusals("invalid", "unauthorized", "not_found", "rate_limited", "busy")},
)
async def report_user(
    user: UserPath, body: MakeReport, caller: CallerDep, services: ServicesDep, response: Response
) -> ReportedResource:
    """Tell the staff of a person."""
    return _reported(*await services.reports.user(caller, user, body.reason), response)


@router.get("/staff/reports", response_model=ReportsResource, responses=refusals("invalid", *_STAFF))
async def list_reports(
    _caller: StaffDep,
    services: ServicesDep,
    is_open: Annotated[bool | None, Query(alias="open", description="Only open, or only resolved ones.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> ReportsResource:
    """Reports, newest first: for staff."""
    before = None if cursor is None else decode_cursor(cursor, _BEFORE)[0]
    found, more, people = await services.reports.page(is_open=is_open, before=before, limit=limit)
    following = encode_cursor(found[-1].number) if more else None
    return {"items": [report_resource(report, people) for report in found], "next": following}


@router.get("/staff/reports/{report}", response_model=ReportResource, responses=refusals("not_found", *_STAFF))
async def get_report(report: ReportPath, _caller: StaffDep, services: ServicesDep) -> ReportResource:
    """One report: for staff."""
    return report_resource(*await services.reports.one(report))


@router.post(
    "/staff/reports/{report}/resolve",
    response_model=ReportResource,
    responses=refusals("invalid", "not_found", "busy", *_STAFF),
)
async def resolve_report(
    report: ReportPath, body: ResolveReport, caller: StaffDep, services: ServicesDep
) -> ReportResource:
    """Say what was done about it, and delete the message if it is to go: for staff. Who was first stays."""
    done = services.reports.resolve(caller, report, body.resolution, delete_message=body.delete_message)
    return report_resource(*await done)
