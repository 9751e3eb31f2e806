"""What the server hands to browsers and to npm: the client library and the page, read once into memory.

A table made at the start: no request ever becomes the name of a file.
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

HERE = Path(__file__).parent
MAX_BYTES = 8 * 1024 * 1024
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""The suffixes that are served, and as what."""
_NPM_TIME = 499_162_500
"""The time that npm itself gives to all files of a package, so that the same files make the same bytes."""


@dataclass(frozen=True)
class Web:
    """`client`: all files of the npm package; `app`: the page's. By their paths below their folders, with slashes."""

    client: Mapping[str, bytes]
    app: Mapping[str, bytes]

    @cached_property
    def package(self) -> bytes:
        """The npm package: what `npm pack` makes, the same bytes every time."""
        return _pack(self.client.items())


def read_web(folder: Path) -> Web:
    """What `folder` has in `client` and `app`; ValueError when that is too much to keep in memory."""
    web = Web(_read(folder / "client"), _read(folder / "app"))
    if sum(map(len, (*web.client.values(), *web.app.values()))) > MAX_BYTES:
        raise ValueError(f"The files for browsers in {folder} have more than {MAX_BYTES:,} bytes.")
    return web


@cache
def own_web() -> Web:
    """What this package brings along."""
    return read_web(HERE)


def media_type(path: str) -> str | None:
    """As what a file is served; None: not at all."""
    return MEDIA_TYPES.get(Path(path).suffix)


def _read(folder: Path) -> dict[str, bytes]:
    """All but what is hidden, and what Python leaves behind."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not _is_hidden(path.relative_to(folder))
    }


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) or part == "node_modules" for part in path.parts)


def _pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path, content in sorted(files):
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size, entry.mtime, entry.mode = len(content), _NPM_TIME, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
