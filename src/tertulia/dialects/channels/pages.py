"""The page at the dialect's root, and its files below `page/`."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tertulia.http.assets import Asset
from tertulia.http.pages import page_policy
from tertulia.web import media_type, own_web

FOLDER = Path(__file__).parent / "page"
START = "index.html"
TOKENS = "look/tokens.css"
"""Of the web client: the look has one place."""


class PageFile:
    """Answers with one file; read at the first use, then kept."""

    def __init__(self, read: Callable[[], bytes], kind: str) -> None:
        self._read = read
        self._kind = kind

    def __call__(self, request: Request) -> Response:
        return self._asset.answer(request, {"Content-Security-Policy": page_policy(request)})

    @cached_property
    def _asset(self) -> Asset:
        return Asset(self._read(), self._kind)


def _files() -> Iterator[tuple[str, PageFile]]:
    for file in sorted(FOLDER.iterdir()):
        kind = media_type(file.name)
        if kind is not None:
            yield "/" if file.name == START else f"/page/{file.name}", PageFile(file.read_bytes, kind)
    yield "/page/tokens.css", PageFile(lambda: own_web().app[TOKENS], "text/css")


FILES = dict(_files())
"""By path below the root."""
