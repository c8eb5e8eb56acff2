from __future__ import annotations

import base64
import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from pipeline_lambdas.photo_pipeline import padding
from pipeline_lambdas.photo_pipeline.errors import Refused
from pipeline_lambdas.photo_pipeline.renditions import draw
from tests import photo_files


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, 0 to 255."""
    small = [image.convert("RGB").resize((64, 64)) for image in (one, other)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean)


def _lab(image: Image.Image) -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(orientation: int) -> None:
    drawing = draw(photo_files.phone_jpeg(orientation=orientation), "JPEG")
    for picture in drawing.pictures.values():
        assert _difference(_open(picture.data), photo_files.photo()) < 6


@pytest.mark.parametrize(
    ("data", "format", "name"),
    [
        (photo_files.heic(), "HEIF", "coffee"),
        (photo_files.webp(), "WEBP", "astronaut"),
        (photo_files.camera_jpeg(), "JPEG", "coffee"),
        (photo_files.encode(photo_files.photo(), "PNG"), "PNG", "chelsea"),
        (photo_files.encode(photo_files.photo(), "AVIF"), "AVIF", "chelsea"),
        (photo_files.encode(photo_files.photo(), "TIFF"), "TIFF", "chelsea"),
        (photo_files.encode(photo_files.photo(), "BMP"), "BMP", "chelsea"),
        (photo_files.encode(photo_files.photo(), "GIF"), "GIF", "chelsea"),
    ],
)
def test_every_format_is_drawn_as_it_looks(data: bytes, format: str, name: str) -> None:
    drawing = draw(data, format)
    assert {key: _open(picture.data).format for key, picture in drawing.pictures.items()} == {
        "thumb": "WEBP",
        "display": "WEBP",
        "analysis": "JPEG",
    }
    assert _difference(_open(drawing.pictures["display"].data), photo_files.photo(name)) < 12


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd"])
def test_every_compression_of_tiff_is_drawn_as_it_looks(compression: str) -> None:
    drawing = draw(photo_files.encode(photo_files.photo(), "TIFF", compression=compression), "TIFF")
    assert _difference(_open(drawing.pictures["display"].data), photo_files.photo()) < 12


@pytest.mark.parametrize("mode", ["LAB", "L", "1", "P", "CMYK", "RGBA", "LA"])
def test_every_kind_of_pixel_in_a_tiff_is_drawn(mode: str) -> None:
    pixels = _lab(photo_files.photo()) if mode == "LAB" else photo_files.photo().convert(mode)
    drawing = draw(photo_files.encode(pixels, "TIFF"), "TIFF")
    grey = photo_files.photo().convert("L" if mode in ("L", "1", "LA") else "RGB")
    assert _difference(_open(drawing.pictures["display"].data), grey) < 20


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_a_tiff_in_ycbcr_keeps_its_colours(compression: str) -> None:
    data = photo_files.encode(photo_files.photo("astronaut").convert("YCbCr"), "TIFF", compression=compression)
    assert _difference(_open(draw(data, "TIFF").pictures["display"].data), photo_files.photo("astronaut")) < 8


@pytest.mark.parametrize("extra", [(), (0,), (0, 0), (2, 0)])
def test_further_channels_of_a_tiff_do_not_hide_the_photo(extra: tuple[int, ...]) -> None:
    photo = photo_files.photo()
    blank = [Image.new("L", photo.size, 255 if kind == 2 else 0) for kind in extra or (0,)]
    pictures = draw(photo_files.tiff_of([*photo.split(), *blank], photometric=2, extra=extra), "TIFF").pictures
    assert _difference(_open(pictures["analysis"].data), photo) < 6


@pytest.mark.parametrize("extra", [(1,), (2,), ()], ids=["associated", "unassociated", "not said"])
def test_transparency_of_a_tiff_is_kept(extra: tuple[int, ...]) -> None:
    photo = photo_files.photo()
    alpha = Image.new("L", photo.size, 255)
    alpha.paste(0, (0, 0, 100, 100))
    pictures = draw(photo_files.tiff_of([*photo.split(), alpha], photometric=2, extra=extra), "TIFF").pictures
    assert _open(pictures["display"].data).getpixel((20, 20))[3] == 0


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_drawn_as_they_look(format: str) -> None:
    deep = photo_files.photo().convert("I").point(lambda value: value * 257).convert("I;16")
    drawing = draw(photo_files.encode(deep, format), format)
    assert _difference(_open(drawing.pictures["display"].data), photo_files.photo().convert("L")) < 6


def test_cmyk_without_a_profile_is_drawn_in_about_its_colours() -> None:
    drawing = draw(photo_files.encode(photo_files.photo().convert("CMYK"), "JPEG"), "JPEG")
    assert _difference(_open(drawing.pictures["display"].data), photo_files.photo()) < 20


def test_sizes_are_bounded_and_nothing_is_enlarged() -> None:
    large = draw(photo_files.camera_jpeg(), "JPEG").pictures
    assert [max(large[name].width, large[name].height) for name in ("display", "analysis", "thumb")] == [
        2048,
        1280,
        480,
    ]
    small = draw(photo_files.phone_jpeg(), "JPEG").pictures
    assert (small["display"].width, small["display"].height) == photo_files.photo().size
    for picture in (*large.values(), *small.values()):
        assert _open(picture.data).size == (picture.width, picture.height)


def test_transparency_is_kept_for_people_and_white_for_the_analysis() -> None:
    pictures = draw(photo_files.transparent_png(), "PNG").pictures
    assert _open(pictures["thumb"].data).getpixel((0, 0))[3] == 0
    assert min(_open(pictures["analysis"].data).getpixel((0, 0))) > 250


def test_transparency_that_hides_nothing_is_dropped() -> None:
    opaque = draw(photo_files.encode(photo_files.photo().convert("RGBA"), "PNG"), "PNG").pictures
    assert _open(opaque["display"].data).mode == "RGB"


def test_a_panorama_is_padded_for_the_analysis_alone() -> None:
    drawing = draw(photo_files.encode(photo_files.photo().resize((4000, 120)), "JPEG"), "JPEG")
    analysis, display = drawing.pictures["analysis"], drawing.pictures["display"]
    assert (analysis.width, analysis.height) == (1280, 80)
    assert display.height == 61
    assert drawing.analysis_content.height == pytest.approx(38 / 80)
    assert drawing.analysis_content.width == 1


@pytest.mark.parametrize(
    "size", [(4000, 120), (3001, 83), (90, 2600), (1500, 81), (1280, 80), (1281, 80), (2000, 1500)]
)
def test_where_a_photo_lies_in_its_analysis_picture_is_known_from_the_sizes_of_both(size: tuple[int, int]) -> None:
    drawing = draw(photo_files.encode(photo_files.photo().resize(size), "JPEG"), "JPEG")
    display, analysis = (
        (drawing.pictures[name].width, drawing.pictures[name].height) for name in ("display", "analysis")
    )
    told, drawn = padding.content(display, analysis), drawing.analysis_content
    assert (told.left, told.width, told.height) == pytest.approx((drawn.left, drawn.width, drawn.height), abs=1 / 80)
    assert told.top == pytest.approx(drawn.top, abs=1 / 80)


def test_placeholder_is_a_picture_of_a_few_pixels() -> None:
    drawing = draw(photo_files.phone_jpeg(), "JPEG")
    placeholder = _open(base64.b64decode(drawing.placeholder))
    assert placeholder.format == "WEBP"
    assert max(placeholder.size) == 16
    assert len(drawing.placeholder) < 300
    assert _difference(placeholder, photo_files.photo().resize(placeholder.size)) < 25


def test_placeholder_keeps_transparency() -> None:
    placeholder = _open(base64.b64decode(draw(photo_files.transparent_png(), "PNG").placeholder))
    assert placeholder.convert("RGBA").getpixel((0, 0))[3] < 30


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_jpeg_cut_off_in_its_last_tenth_still_shows(progressive: bool, orientation: int) -> None:
    exif = photo_files.camera_exif(orientation=orientation)
    drawing = draw(photo_files.cut_off(0.91, progressive=progressive, exif=exif), "JPEG")
    upright = draw(photo_files.cut_off(1, progressive=progressive, exif=exif), "JPEG")
    assert drawing.incomplete
    assert not upright.incomplete
    display, whole = (_open(each.pictures["display"].data) for each in (drawing, upright))
    assert display.size == whole.size
    assert _difference(display, whole) < 25


@pytest.mark.parametrize("share", [0.9, 0.95, 0.99])
def test_a_jpeg_with_restart_markers_that_is_cut_off_still_shows(share: float) -> None:
    assert draw(photo_files.cut_off(share, restart_marker_blocks=4), "JPEG").incomplete


def test_a_jpeg_whose_last_tenth_is_most_of_its_rows_still_shows() -> None:
    top_heavy = Image.new("RGB", (600, 900), (90, 120, 200))
    top_heavy.paste(photo_files.photo().resize((600, 400)), (0, 0))
    whole = photo_files.encode(top_heavy, "JPEG", quality=95)
    assert draw(whole[: len(whole) * 9 // 10], "JPEG").incomplete


def test_a_jpeg_that_lacks_its_last_two_bytes_is_whole_for_who_looks_at_it() -> None:
    grey_below = photo_files.photo().crop((0, 0, 450, 600))
    grey_below.paste((128, 128, 128), (0, 300, 450, 600))
    data = photo_files.encode(grey_below, "JPEG")[:-2]
    assert _difference(_open(draw(data, "JPEG").pictures["display"].data), grey_below) < 6


def test_a_grey_photo_that_is_complete_is_not_called_incomplete() -> None:
    grey = photo_files.encode(Image.new("RGB", (300, 200), (128, 128, 128)), "JPEG")
    assert not draw(grey, "JPEG").incomplete


@pytest.mark.exiftool
def test_renditions_carry_no_metadata(tmp_path: Path, exiftool: str) -> None:
    original = tmp_path / "original.jpg"
    original.write_bytes(photo_files.phone_jpeg())
    assert "GPS" in _exiftool(exiftool, original)
    for name, picture in draw(original.read_bytes(), "JPEG").pictures.items():
        file = tmp_path / name
        file.write_bytes(picture.data)
        found = _exiftool(exiftool, file)
        assert "GPS" not in found
        assert "iPhone" not in found
        assert "[EXIF]" not in found


def _exiftool(program: str, file: Path) -> str:
    return subprocess.run([program, "-G", str(file)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (photo_files.truncated_jpeg(), "JPEG"),
        (photo_files.transparent_png()[:5000], "PNG"),
        (photo_files.heic()[:3000], "HEIF"),
        (photo_files.encode(photo_files.photo(), "BMP")[:3000], "BMP"),
    ],
)
def test_a_file_cut_short_is_refused_as_damaged(data: bytes, format: str) -> None:
    with pytest.raises(Refused) as refused:
        draw(data, format)
    assert refused.value.reason.code == "damaged"
