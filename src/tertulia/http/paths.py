"""Parts of paths that may have any character, percent-encoded; also a slash."""

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_text
from tertulia.http.middleware import SERVER_PREFIX

WORDS_PREFIX = "/api/v1/staff/words/"
ENCODED = (SERVER_PREFIX.encode(), WORDS_PREFIX.encode())
"""How paths begin that have such parts: the ids of the product's backend, and words."""
MAX_ENCODED = 4_096


class EncodedPaths:
    """Leaves paths that begin as `ENCODED` says encoded, so that %2F separates nothing; `decoded` reads their parts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if raw.startswith(ENCODED):
            scope = {**scope, "path": raw.partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


def decoded(part: str) -> str:
    """Raises `invalid`, or `invalid_text`."""
    try:
        return check_text(unquote(part, errors="strict"))
    except UnicodeDecodeError:
        raise Rejection("invalid", "Percent-encode what stands in the path as UTF-8.") from None
