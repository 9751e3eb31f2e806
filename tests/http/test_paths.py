"""Parts of paths that may have any character."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tertulia.domain.errors import Rejection
from tertulia.http.paths import EncodedPaths, decoded


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/api/v1/server/rooms/a%2Fb", "/api/v1/server/rooms/a%2Fb"),
        (b"/api/v1/staff/words/%2Aa%2Fb%2A?x=1", "/api/v1/staff/words/%2Aa%2Fb%2A"),
        (b"/api/v1/staff/users/a%2Fb", "as it was"),
        (b"/api/v1/rooms/a%2Fb", "as it was"),
        (None, "as it was"),
    ],
)
async def test_only_where_such_parts_stand_the_path_stays_encoded(raw: bytes | None, path: str) -> None:
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["path"])

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    await EncodedPaths(app)({"type": "http", "path": "as it was", "raw_path": raw}, nothing, nothing)
    assert seen == [path]


@pytest.mark.parametrize(("part", "text"), [("a%2Fb", "a/b"), ("%25", "%"), ("100%", "100%"), ("%C3%A9", "é")])
def test_parts_are_read(part: str, text: str) -> None:
    assert decoded(part) == text


@pytest.mark.parametrize(("part", "code"), [("%FF", "invalid"), ("%ED%A0%80", "invalid"), ("%00", "invalid_text")])
def test_parts_that_are_no_text(part: str, code: str) -> None:
    with pytest.raises(Rejection) as refused:
        decoded(part)
    assert refused.value.code == code
