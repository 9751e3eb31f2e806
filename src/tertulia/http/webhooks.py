"""Webhooks, for the staff."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import TypeAdapter

from tertulia.domain.models import Caller
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CursorQuery, LimitQuery, ServicesDep, StaffDep
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position
from tertulia.protocol.requests import ChangeWebhook, CreateWebhook, ResendWebhook
from tertulia.protocol.webhooks import (
    DeadLettersResource,
    ResentResource,
    TriedResource,
    WebhookResource,
    WebhooksResource,
    dead_resource,
    webhook_resource,
)
from tertulia.services.webhooks import By, Wanted

router = APIRouter(prefix="/staff/webhooks", tags=["staff"])

WebhookPath = Annotated[str, Path(max_length=64, description="A webhook's id (UUID).")]
_CURSOR = TypeAdapter(tuple[Position])
_REFUSED = ("unauthorized", "forbidden", "rate_limited", "busy")


def _by(caller: Caller) -> By:
    return By(caller.user)


@router.get("", response_model=WebhooksResource, responses=refusals(*_REFUSED))
async def list_webhooks(_caller: StaffDep, services: ServicesDep) -> WebhooksResource:
    """All webhooks: one page, for there are at most 20."""
    found = await services.webhooks.all()
    return {"items": [webhook_resource(webhook, counts) for webhook, counts in found], "next": None}


@router.post("", status_code=201, response_model=WebhookResource, responses=refusals("invalid", "too_many", *_REFUSED))
async def create_webhook(body: CreateWebhook, caller: StaffDep, services: ServicesDep) -> WebhookResource:
    """Have an address told of events. The answer is the only one that shows the `secret`."""
    webhook = await services.webhooks.create(_by(caller), body.url, body.events, body.secret)
    return {**webhook_resource(webhook), "secret": webhook.secret}


@router.patch("/{webhook}", response_model=WebhookResource, responses=refusals("invalid", "not_found", *_REFUSED))
async def change_webhook(
    webhook: WebhookPath, body: ChangeWebhook, caller: StaffDep, services: ServicesDep
) -> WebhookResource:
    """Change a webhook. What waits goes to the new address, signed with the new secret."""
    wanted = Wanted(body.url, body.events, body.secret, body.enabled)
    return webhook_resource(await services.webhooks.change(_by(caller), webhook, wanted))


@router.delete("/{webhook}", status_code=204, responses=refusals("not_found", *_REFUSED))
async def remove_webhook(webhook: WebhookPath, caller: StaffDep, services: ServicesDep) -> None:
    """Remove a webhook, and all that waits for it."""
    await services.webhooks.remove(_by(caller), webhook)


@router.get(
    "/{webhook}/dead", response_model=DeadLettersResource, responses=refusals("invalid", "not_found", *_REFUSED)
)
async def list_dead(
    webhook: WebhookPath,
    _caller: StaffDep,
    services: ServicesDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> DeadLettersResource:
    """Deliveries that were given up, newest first; the newest 10,000 are kept, for 30 days."""
    before = None if cursor is None else decode_cursor(cursor, _CURSOR)[0]
    found = await services.webhooks.dead(webhook, before, limit + 1)
    following = encode_cursor(found[limit - 1].number) if len(found) > limit else None
    return {"items": [dead_resource(delivery) for delivery in found[:limit]], "next": following}


@router.post("/{webhook}/resend", response_model=ResentResource, responses=refusals("invalid", "not_found", *_REFUSED))
async def resend(webhook: WebhookPath, body: ResendWebhook, caller: StaffDep, services: ServicesDep) -> ResentResource:
    """Send dead deliveries again, all of them or some."""
    return {"resent": await services.webhooks.resend(_by(caller), webhook, body.ids)}


@router.post("/{webhook}/test", response_model=TriedResource, responses=refusals("not_found", *_REFUSED))
async def try_webhook(webhook: WebhookPath, caller: StaffDep, services: ServicesDep) -> TriedResource:
    """Send a `test` now, also to a webhook that is disabled; how it was answered, within 10 seconds."""
    answer = await services.webhooks.test(_by(caller), webhook)
    tried: TriedResource = {"delivered": answer.delivered}
    if answer.status is not None:
        tried["status"] = answer.status
    if not answer.delivered:
        tried["error"] = answer.reason
    return tried
