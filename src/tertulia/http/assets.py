"""Files as they are served: asked for each time unless they say otherwise, sent when they changed, small on the way."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fastapi import Request, Response

COMPRESSED = frozenset(("text/html", "text/css", "text/javascript", "image/svg+xml", "application/json"))
MIN_COMPRESSED = 1_024
"""Shorter ones gain nothing."""


@dataclass(frozen=True)
class Asset:
    """`headers`: more than an ETag, `caching` and what every answer has."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    caching: str = "no-cache"

    def answer(self, request: Request, headers: Mapping[str, str] | None = None) -> Response:
        """The file, or 304 for who has it. `headers`: such as depend on the request."""
        zipped = self.zipped if _takes_gzip(request) else None
        tag = self.tag if zipped is None else f'{self.tag[:-1]}-gzip"'
        every = {**self.headers, **(headers or {}), "ETag": tag, "Cache-Control": self.caching}
        if self.zipped is not None:
            every["Vary"] = "Accept-Encoding"
        if _has(request, tag):
            return Response(status_code=304, headers=every)
        if zipped is not None:
            every["Content-Encoding"] = "gzip"
        return Response(self.content if zipped is None else zipped, media_type=self.media_type, headers=every)

    @cached_property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    @cached_property
    def zipped(self) -> bytes | None:
        """None for what is too short, or compressed already. Made at the first use."""
        if self.media_type not in COMPRESSED or len(self.content) < MIN_COMPRESSED:
            return None
        return gzip.compress(self.content, mtime=0)


def _takes_gzip(request: Request) -> bool:
    for part in request.headers.get("accept-encoding", "").split(","):
        coding, _, quality = part.partition(";")
        if coding.strip().lower() == "gzip":
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _has(request: Request, tag: str) -> bool:
    """A proxy that compresses makes a tag a weak one; for this question that is the same."""
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return tag in known or "*" in known
