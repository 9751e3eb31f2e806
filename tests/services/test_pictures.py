"""What becomes of a picture that a stranger made."""

import zipfile
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

from support.pictures import (
    BLUE,
    BOMBS,
    GREEN,
    NO_PICTURES,
    OTHER_KINDS,
    RED,
    SECRET,
    bombs,
    chunks,
    frames,
    is_like,
    plain,
    png_chunk,
    png_of,
    saved,
    scans,
    shown,
    stripes,
)
from tertulia.domain.errors import Rejection
from tertulia.services.pictures import MAX_SCANS, portraits

PIXELS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
KINDS = ("PNG", "JPEG", "WEBP", "GIF")


def refusal(content: bytes) -> str:
    with pytest.raises(Rejection) as refused:
        portraits(content)
    assert refused.value.code == "invalid"
    assert list(refused.value.fields) == ["avatar"]
    return refused.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_the_middle_of_each_format_in_two_sizes(kind: str) -> None:
    large, small = map(shown, portraits(stripes(kind)))
    assert (large.size, small.size) == ((256, 256), (64, 64))
    for picture in (large, small):
        near, far = picture.width // 8, picture.width * 7 // 8
        assert all(is_like(picture, GREEN, at) for at in ((near, near), (far, near), (near, far)))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (8_192, 2), (63, 4_000), (257, 256)])
def test_of_any_shape(size: tuple[int, int]) -> None:
    large, _ = map(shown, portraits(plain(size=size)))
    assert large.size == (256, 256)
    assert is_like(large, GREEN)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_the_camera_was_held(kind: str, orientation: int) -> None:
    picture = Image.new("RGB", (200, 200), GREEN)
    picture.paste(RED, (0, 0, 100, 100))
    picture.paste(BLUE, (100, 0, 200, 100))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    content = saved(picture, kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(content))).convert("RGB")
    large, _ = map(shown, portraits(content))
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        color = upright.getpixel((50 + 100 * x, 50 + 100 * y))
        assert isinstance(color, tuple)
        assert is_like(large, color, (64 + 128 * x, 64 + 128 * y))


def with_everything(kind: str) -> bytes:
    """Where it was made, what it is about, a colour profile, and something behind its end."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (40.0, 24.0, 59.0), 3: "W", 4: (3.0, 41.0, 12.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    more: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if kind == "PNG":
        more["pnginfo"] = PngImagePlugin.PngInfo()
        more["pnginfo"].add_text("Comment", SECRET.decode())
    elif kind == "GIF":
        more = {"comment": SECRET}
    else:
        more["xmp"] = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    return saved(Image.new("RGB", (300, 200), GREEN), kind, **more) + SECRET


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_but_pixels(kind: str) -> None:
    content = with_everything(kind)
    assert SECRET in content
    if kind in ("JPEG", "WEBP"):
        assert b"Exif" in content or b"EXIF" in content
    for made in portraits(content):
        assert chunks(made) <= PIXELS
        assert SECRET not in made
        assert not shown(made).getexif()
        assert is_like(shown(made), GREEN)


def test_a_picture_that_is_something_else_too_is_only_a_picture() -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("evil.js", SECRET)
    html = b"<script>" + SECRET + b"</script>"
    picture = Image.new("P", (20, 20), 1)
    for content in (plain() + archive.getvalue(), plain("JPEG") + html, saved(picture, "GIF", comment=html)):
        for made in portraits(content):
            assert SECRET not in made
            assert b"<script" not in made
            assert not zipfile.is_zipfile(BytesIO(made))


@pytest.mark.parametrize(
    ("content", "color"),
    [
        (plain(mode="1", color=1), (255, 255, 255)),
        (plain(mode="L", color=128), (128, 128, 128)),
        (plain(mode="I;16", color=32_768), (128, 128, 128)),
        (plain(mode="I;16", color=300), (1, 1, 1)),
        (saved(Image.new("RGB", (90, 90), RED).quantize(8)), RED),
        (saved(Image.new("RGB", (90, 90), BLUE).convert("CMYK"), "JPEG"), BLUE),
        (plain("JPEG", mode="L", color=200), (200, 200, 200)),
        (saved(Image.new("RGB", (900, 900), RED), "JPEG", progressive=True), RED),
    ],
    ids=["bits", "grey", "16 bits", "16 bits, dark", "palette", "cmyk", "grey jpeg", "progressive"],
)
def test_however_its_colours_are_told(content: bytes, color: tuple[int, int, int]) -> None:
    large, small = map(shown, portraits(content))
    assert large.mode == small.mode == "RGB"
    assert is_like(large, color)
    assert is_like(small, color)


def test_what_is_transparent_stays_so() -> None:
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    palette = Image.new("P", (100, 100), 7)
    palette.putpalette(bytes(range(24)))
    grey = Image.new("LA", (100, 100), (90, 0))
    for content in (
        saved(clear),
        saved(clear, "WEBP"),
        saved(grey),
        saved(palette, transparency=7),
        saved(palette, "GIF", transparency=7),
    ):
        assert [shown(made).convert("RGBA").getchannel("A").getextrema() for made in portraits(content)] == [(0, 0)] * 2


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_many_frames_the_first(kind: str) -> None:
    large, _ = map(shown, portraits(frames(kind, 300)))
    assert is_like(large, GREEN)
    assert getattr(large, "n_frames", 1) == 1


def test_what_comes_out_is_small_whatever_went_in() -> None:
    noise = Image.merge("RGBA", [Image.effect_noise((600, 600), 120) for _ in range(4)])
    large, small = portraits(saved(noise))
    assert len(large) < 150_000
    assert len(small) < 15_000


# What is refused


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture(name: str) -> None:
    assert "PNG, JPEG, WebP or GIF" in refusal(NO_PICTURES[name])


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_formats(kind: str) -> None:
    refusal(plain(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_cut_off(kind: str) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((200, 200), 90) for _ in range(3)])
    content = saved(noise, kind)
    portraits(content)
    for part in (0.1, 0.5, 0.9):
        refusal(content[: int(len(content) * part)])


@pytest.mark.parametrize("name", BOMBS)
def test_what_says_that_it_is_huge_is_refused_before_it_is_decoded(name: str) -> None:
    bomb = bombs()[name]
    assert len(bomb) < 100_000
    assert "too large" in refusal(bomb)


def test_how_large_it_may_be() -> None:
    assert shown(portraits(png_of(4_000, 4_000, bytes(4_001 * 4_000)))[0]).size == (256, 256)
    assert "16 million" in refusal(png_of(4_001, 4_000, b""))
    assert shown(portraits(plain("JPEG", (8_000, 3_000)))[0]).size == (256, 256)
    assert "50 million" in refusal(plain("JPEG", (8_000, 6_300)))


def test_a_jpeg_that_costs_time_and_no_bytes() -> None:
    assert shown(portraits(scans(MAX_SCANS - 1))[0]).size == (256, 256)
    assert "scans" in refusal(scans(MAX_SCANS))


def test_text_in_a_png_that_unpacks_to_much() -> None:
    content = plain()
    much = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000), 9))
    refusal(content[:33] + much + content[33:])
