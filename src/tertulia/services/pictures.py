"""Pictures of strangers made into ours: square, small, and nothing in them but what one sees.

What a picture says of itself is not believed: its format is looked for among four, its size is refused before anything
is decoded, and what comes out was encoded here, from pixels alone.
"""

import re
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import Resampling, Transpose
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tertulia.domain.avatars import LARGE, SMALL
from tertulia.domain.errors import Rejection

FORMATS = tuple(kind.format for kind in (PngImageFile, JpegImageFile, WebPImageFile, GifImageFile))
"""Known to the library because they are imported: else it would look for all that it knows."""
MAX_SIDE = 8_192
MAX_PIXELS = 16_000_000
MAX_JPEG_PIXELS = 50_000_000
"""What phones make. So many take up to 300 MB for a moment, as many as the other formats with a third of them."""
MAX_SCANS = 64
"""Times that a JPEG goes over the whole picture. Ten are usual; each takes time, and hardly a byte."""
QUALITY = 82

Image.MAX_IMAGE_PIXELS = None  # ours is stricter, and has a clear answer

_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]")
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What undoes each orientation of EXIF."""


def portraits(content: bytes) -> tuple[bytes, bytes]:
    """The middle of a PNG, JPEG, WebP or GIF (its first frame) as WebP, `LARGE` and `SMALL`.

    Blocks, for up to a second; raises `invalid` for what is no such picture, broken, cut off or too large.
    """
    large = _large(content)
    return _encoded(large), _encoded(large.resize((SMALL, SMALL), Resampling.LANCZOS))


def _large(content: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            _check_size(opened)
            _check_scans(opened, content)
            opened.draft(None, (2 * LARGE, 2 * LARGE))  # a JPEG can be decoded smaller than it is
            opened.load()
            return _upright(_square(_plain(opened)), opened)
    except Rejection:
        raise
    except UnidentifiedImageError:
        raise Rejection("invalid", "Send a picture: PNG, JPEG, WebP or GIF.", field="avatar") from None
    except Exception:  # noqa: BLE001 - decoders raise anything over bytes that strangers made
        message = "This picture is broken or was cut off: send all of it."
        raise Rejection("invalid", message, field="avatar") from None


def _check_size(opened: Image.Image) -> None:
    width, height = opened.size
    most = MAX_JPEG_PIXELS if isinstance(opened, JpegImageFile) else MAX_PIXELS
    if max(width, height) > MAX_SIDE or width * height > most:
        message = f"This picture is too large: at most {MAX_SIDE:,} pixels a side, and {most // 10**6} million in all."
        raise Rejection("invalid", message, field="avatar")


def _check_scans(opened: Image.Image, content: bytes) -> None:
    if isinstance(opened, JpegImageFile) and len(_SCAN.findall(content)) > MAX_SCANS:
        raise Rejection("invalid", "This JPEG has too many scans: save it in another way.", field="avatar")


def _plain(picture: Image.Image) -> Image.Image:
    """In red, green and blue, of 8 bits each, and with transparency if it has any."""
    if picture.mode == "I;16":  # of grey; converted as it is, all above 255 would be white
        picture = picture.point(lambda grey: grey / 256).convert("L")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _square(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return picture.resize((LARGE, LARGE), Resampling.LANCZOS, box, reducing_gap=2.0)


def _upright(picture: Image.Image, opened: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(opened.getexif().get(Base.Orientation, 1))
    return picture if turn is None else picture.transpose(turn)


def _encoded(picture: Image.Image) -> bytes:
    picture.info = {}  # else a colour profile would come along
    out = BytesIO()
    picture.save(out, "WEBP", quality=QUALITY)
    return out.getvalue()
