import base64
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter

from tertulia.domain.errors import Rejection
from tertulia.http.cursors import MAX_CURSOR, decode_cursor, encode_cursor
from tertulia.protocol.fields import Text

SHAPE = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=9)], Text])


@pytest.mark.parametrize("text", ["", "ann", 'qu"ote\\', "Łukasz 🐎", "\u2028", "x" * 300, "🐎" * 302])
def test_there_and_back(text: str) -> None:
    cursor = encode_cursor(3, text)
    assert len(cursor) <= MAX_CURSOR
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert decode_cursor(cursor, SHAPE) == (3, text)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ann",
        "ü",
        "\ud800",
        "AAAA",
        "A" * 2000,
        encode_cursor(),
        encode_cursor(10, "ann"),
        encode_cursor(-1, "ann"),
        encode_cursor("ann", 3),
        encode_cursor(3, "ann", 3),
        encode_cursor(3, "a\x00"),
        base64.urlsafe_b64encode(b'[3,"\\ud800"]').decode(),
        base64.urlsafe_b64encode(b"[" * 1000).decode(),
        base64.urlsafe_b64encode(b"[3,\xff]").decode(),
        encode_cursor(3, "ann") + "!",
    ],
)
def test_made_up_cursors(cursor: str) -> None:
    with pytest.raises(Rejection) as refused:
        decode_cursor(cursor, SHAPE)
    assert refused.value.code == "invalid"
    assert "cursor" in refused.value.fields
