from __future__ import annotations

import math
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline.errors import Refused
from pipeline_lambdas.photo_pipeline.inspection import camera_notes, inspect, place_of
from tests import photo_files


def _refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        inspect(data)
    return refused.value.reason.code


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_that_of_the_upright_photo(orientation: int) -> None:
    facts = inspect(photo_files.phone_jpeg(orientation=orientation))
    assert (facts.width, facts.height) == photo_files.photo().size


def test_place_is_read_in_degrees_and_kept_apart_from_the_notes() -> None:
    place = inspect(photo_files.phone_jpeg()).place
    assert place is not None
    assert (place.latitude, place.longitude) == (48.20833, 16.37083)


@pytest.mark.parametrize(
    ("tags", "place"),
    [
        ({1: "S", 2: (33.0, 51.0, 30.0), 3: "W", 4: (70.0, 0.0, 0.0)}, (-33.85833, -70.0)),
        ({1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)}, None),
        ({1: "N", 2: (math.nan, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)}, None),
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, None),
        ({1: "N", 2: (48.0,), 3: "E", 4: (1.0, 0.0, 0.0)}, None),
        ({1: "N", 2: (48.0, 0.0, 0.0)}, None),
        ({}, None),
    ],
)
def test_place_that_cannot_be_is_none(tags: dict[int, object], place: tuple[float, float] | None) -> None:
    found = place_of(tags)
    assert (found and (found.latitude, found.longitude)) == place


@pytest.mark.exiftool
def test_notes_and_place_of_a_tiff_are_read(tmp_path: Path, exiftool: str) -> None:
    file = tmp_path / "scan.tiff"
    file.write_bytes(_tiff())
    notes = ["-Model=D90", "-DateTimeOriginal=2024:05:12 14:03:11", "-GPSLatitude=48.5", "-GPSLatitudeRef=N"]
    subprocess.run([exiftool, *notes, "-GPSLongitude=16.25", "-GPSLongitudeRef=W", str(file)], check=True)
    facts = inspect(file.read_bytes())
    assert (facts.exif.camera, facts.exif.taken_at) == ("D90", "2024-05-12T14:03:11")
    assert facts.place is not None
    assert (facts.place.latitude, facts.place.longitude) == (48.5, -16.25)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF"])
def test_notes_and_place_are_read_in_every_format_that_has_them(format: str) -> None:
    facts = inspect(photo_files.encode(photo_files.photo(), format, exif=photo_files.camera_exif()))
    assert facts.exif.camera == "Apple iPhone 12"
    assert facts.exif.taken_at == "2024-05-12T14:03:11+02:00"
    assert facts.place is not None


def test_a_huge_png_is_refused_without_reading_a_pixel() -> None:
    assert _refusal(photo_files.png(20_000, 20_000)[:200]) == "too_many_pixels"


def test_camera_notes_are_kept_and_the_place_is_not() -> None:
    exif = inspect(photo_files.phone_jpeg()).exif
    assert exif.camera == "Apple iPhone 12"
    assert exif.lens == "iPhone 12 back camera"
    assert exif.taken_at == "2024-05-12T14:03:11+02:00"
    assert exif.exposure == pytest.approx(1 / 125)
    assert (exif.aperture, exif.focal_length, exif.iso) == (1.8, 4.25, 64)
    assert not any("gps" in name or "lat" in name for name in vars(exif))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (photo_files.text_named_jpg(), "not_a_photo"),
        (photo_files.svg(), "not_a_photo"),
        (b"\x89PNG\r\n\x1a\n" + b"not really", "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 500, "damaged"),
        (photo_files.png(79, 400), "too_small"),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, code: str) -> None:
    assert _refusal(data) == code


def _tiff(**options: object) -> bytes:
    return photo_files.encode(photo_files.photo(), "TIFF", **options)


@pytest.mark.parametrize("missing", [1, 1000, 200_000])
def test_a_tiff_without_its_end_is_damaged(missing: int) -> None:
    whole = _tiff()
    assert inspect(whole).format == "TIFF"
    with pytest.raises(Refused) as refused:
        inspect(whole[:-missing])
    assert refused.value.reason.code == "damaged"
    assert "behind the end" in refused.value.reason.detail


@pytest.mark.parametrize("tag", [{50706: b"\x01\x04\x00\x00"}, {254: 1}])
def test_a_raw_file_is_not_taken_for_its_preview(tag: dict[int, object]) -> None:
    assert _refusal(_tiff(tiffinfo=tag)) == "not_a_photo"


def test_20000_by_20000_png_is_refused_by_its_header() -> None:
    data = photo_files.png(20_000, 20_000)
    assert len(data) < 400_000
    assert _refusal(data[:100]) == "too_many_pixels"


TAGS = st.sampled_from([271, 272, 33434, 33437, 34855, 36867, 36881, 37386, 42036])


@given(
    st.dictionaries(TAGS, st.none() | st.text() | st.binary() | st.floats() | st.tuples(st.integers()) | st.tuples())
)
def test_any_nonsense_in_the_tags_is_read_without_an_error(tags: dict[int, object]) -> None:
    notes = camera_notes(tags)
    assert 0 <= notes.exposure < 1e6


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("Apple", "iPhone 7", "Apple iPhone 7"),
        ("Canon\0\0", "Canon EOS 5D\0", "Canon EOS 5D"),
        ("", "", ""),
    ],
)
def test_the_maker_is_named_once(make: str, model: str, camera: str) -> None:
    assert camera_notes({271: make, 272: model}).camera == camera


@pytest.mark.parametrize(
    "time",
    ["0000:00:00 00:00:00", "2024:13:40 99:00:00", "0001:01:01 00:00:00", "9999:12:31 23:59:59", "yesterday", ""],
)
def test_a_time_that_cannot_be_is_no_time(time: str) -> None:
    assert camera_notes({36867: time}).taken_at == ""
