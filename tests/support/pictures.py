"""Pictures as people send them, and as nobody should."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image

SECRET = b"do-not-keep-me"
RED, GREEN, BLUE = (220, 30, 30), (30, 160, 30), (30, 30, 220)


def saved(picture: Image.Image, kind: str = "PNG", **more: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def plain(kind: str = "PNG", size: tuple[int, int] = (300, 200), color: Any = GREEN, mode: str = "RGB") -> bytes:
    """One colour all over."""
    return saved(Image.new(mode, size, color), kind)


def stripes(kind: str = "PNG", **more: Any) -> bytes:
    """Red, green and blue beside each other; the middle square is green."""
    picture = Image.new("RGB", (300, 100), GREEN)
    picture.paste(RED, (0, 0, 100, 100))
    picture.paste(BLUE, (200, 0, 300, 100))
    return saved(picture, kind, **more)


def frames(kind: str, number: int) -> bytes:
    """An animation whose first frame is green."""
    others = [Image.new("RGB", (40, 40), (each % 256, 0, each // 256)) for each in range(1, number)]
    return saved(Image.new("RGB", (40, 40), GREEN), kind, save_all=True, append_images=others)


def shown(content: bytes) -> Image.Image:
    """What came out, decoded."""
    picture = Image.open(BytesIO(content))
    assert picture.format == "WEBP"
    picture.load()
    return picture


def is_like(picture: Image.Image, color: tuple[int, ...], at: tuple[int, int] | None = None) -> bool:
    """Whether there is nearly that colour, in the middle or `at` a place."""
    found = picture.convert("RGB").getpixel(at or (picture.width // 2, picture.height // 2))
    assert isinstance(found, tuple)
    return all(abs(one - other) < 24 for one, other in zip(found, color, strict=True))


def chunks(webp: bytes) -> set[bytes]:
    """The names of what a WebP consists of."""
    names, place = set(), 12
    while place < len(webp):
        names.add(webp[place : place + 4])
        size = int.from_bytes(webp[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    return names


# What hurts


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of(width: int, height: int, rows: bytes) -> bytes:
    """A grey PNG that says how large it is, and holds `rows`, packed."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + head + body + png_chunk(b"IEND", b"")


@cache
def bombs() -> dict[str, bytes]:
    """Small files that are huge, or say so."""
    jpeg = plain("JPEG")
    frame = jpeg.index(b"\xff\xc0")
    gif = plain("GIF", mode="P", color=1)
    return {
        "png": png_of(8_000, 8_000, bytes(8_001 * 8_000)),
        "long png": png_of(20_000, 10, bytes(20_001 * 10)),
        "png that only says so": png_of(2**31 - 1, 2**31 - 1, b""),
        "jpeg": jpeg[: frame + 5] + struct.pack(">HH", 65_000, 65_000) + jpeg[frame + 9 :],
        "gif": gif[:6] + struct.pack("<HH", 65_535, 65_535) + gif[10:],
        "webp": plain("WEBP", (9_000, 1_000)),
    }


def scans(number: int) -> bytes:
    """A JPEG of 25 megapixels that goes over them so many times, with a few bytes for each."""

    def segment(kind: int, content: bytes) -> bytes:
        return bytes((0xFF, kind)) + struct.pack(">H", len(content) + 2) + content

    side = 5_000
    blocks = (-(-side // 8)) ** 2
    head = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    tables = [segment(0xC4, bytes([kind, 1] + [0] * 15) + last) for kind, last in ((0x00, b"\0"), (0x10, b"\xe0"))]
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(-(-blocks // 8))
    runs = "".join("0" + format(16_383, "014b") for _ in range(blocks // 32_767)) + "0" * 15
    runs += "1" * (-len(runs) % 8)
    packed = int(runs, 2).to_bytes(len(runs) // 8).replace(b"\xff", b"\xff\0")
    again = segment(0xDA, b"\1\1\0\1\x3f\0") + packed
    return b"\xff\xd8" + head + b"".join(tables) + first + again * number + b"\xff\xd9"


BOMBS = ("png", "long png", "png that only says so", "jpeg", "gif", "webp")
NO_PICTURES = {
    "nothing": b"",
    "text": b"hello",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "zeros": bytes(5_000),
    "only a png's name": b"\x89PNG\r\n\x1a\n",
    "only a jpeg's name": b"\xff\xd8\xff\xe0",
    "only a gif's name": b"GIF89a",
    "only a webp's name": b"RIFF\x00\x00\x00\x00WEBP",
}
OTHER_KINDS = ("BMP", "TIFF", "ICO", "PPM", "TGA")
