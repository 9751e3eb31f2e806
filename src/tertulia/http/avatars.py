"""Profile pictures: uploading mine, and showing them to everybody."""

import re

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from tertulia.domain.avatars import LARGE, PREFIX, SMALL
from tertulia.domain.errors import Rejection
from tertulia.http.assets import Asset
from tertulia.http.deps import CallerDep, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.protocol.resources import AccountResource, account_resource

UPLOAD = re.compile(r"/api/v1/me/avatar")
"""Where a body is a picture."""
_SIZES = {f"{size}.webp": size for size in (LARGE, SMALL)}
_HEADERS = {"Cross-Origin-Resource-Policy": "cross-origin", "Content-Security-Policy": "default-src 'none'; sandbox"}
"""Front ends elsewhere show it, too; opened by itself it is a picture and can do nothing."""
_CACHING = "public, max-age=31536000, immutable"
"""A new picture has a new address."""
_BODY = {
    "required": True,
    "content": {
        f"image/{kind}": {"schema": {"type": "string", "format": "binary"}} for kind in ("png", "jpeg", "webp", "gif")
    },
}

router = APIRouter(prefix="/me/avatar", tags=["me"])
shown = APIRouter(include_in_schema=False)


@router.put(
    "",
    response_model=AccountResource,
    responses=refusals("invalid", "unauthorized", "too_large", "unsupported_media_type", "rate_limited", "busy"),
    openapi_extra={"requestBody": _BODY},
)
async def put_avatar(request: Request, caller: CallerDep, services: ServicesDep) -> AccountResource:
    """Upload my picture: the body is the PNG, JPEG, WebP or GIF itself. Its middle is kept, and nothing else of it."""
    if not request.headers.get("content-type", "").lower().startswith("image/"):
        message = "Send the picture itself, with `Content-Type: image/png` or that of its format."
        raise Rejection("unsupported_media_type", message)
    with services.avatars.place(caller):
        return account_resource(await services.avatars.put(caller, await _body(request)))


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        raise Rejection("invalid", "The picture did not arrive as a whole.") from None


@router.delete("", status_code=204, responses=refusals("unauthorized", "rate_limited", "busy"))
async def remove_avatar(caller: CallerDep, services: ServicesDep) -> None:
    """Have no picture. One that my product gives me comes back with its next token."""
    await services.avatars.remove(caller)


@shown.get(f"{PREFIX}{{token}}/{{name}}")
async def show_avatar(token: str, name: str, request: Request, services: ServicesDep) -> Response:
    """Whoever has the address may see it. `avatar` of a user is that of the large one."""
    picture = await services.avatars.get(token, _SIZES.get(name, 0))
    return Asset(picture.content, picture.content_type, _HEADERS, _CACHING).answer(request)
