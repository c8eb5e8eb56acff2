from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import PLACEHOLDER, make_label, make_photo, make_record, put_record
from webapp.photos import timeline

pytestmark = pytest.mark.django_db


def webp(mode: str, colour: Any) -> str:
    file = io.BytesIO()
    Image.new(mode, (16, 12), colour).save(file, "WEBP")
    return base64.b64encode(file.getvalue()).decode()


def test_a_placeholder_is_an_address_of_itself(me: Any) -> None:
    record = make_record(make_photo(me))
    assert timeline.placeholder_of(record) == f"data:image/webp;base64,{PLACEHOLDER}"


def test_a_transparent_placeholder_would_shine_through_and_is_left_out(me: Any) -> None:
    photo = make_photo(me)
    assert timeline.placeholder_of(make_record(photo, placeholder=webp("RGBA", (200, 0, 0, 0)))) == ""
    assert timeline.placeholder_of(make_record(photo, placeholder=webp("RGB", (200, 0, 0)))) != ""


@pytest.mark.parametrize("nonsense", ["", "#7a8899", '" onerror="alert(1)', "UklGRg==", PLACEHOLDER + "\n", "é"])
def test_a_placeholder_that_is_none_is_not_shown(me: Any, nonsense: str) -> None:
    assert timeline.placeholder_of(make_record(make_photo(me), placeholder=nonsense)) == ""


def test_a_placeholder_that_ends_in_its_header_breaks_nothing(me: Any) -> None:
    cut = base64.b64encode(b"RIFF\x44\0\0\0WEBPVP8X").decode()
    assert cut in timeline.placeholder_of(make_record(make_photo(me), placeholder=cut))


def test_a_tile_says_what_its_owner_says(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    labels = [make_label("Cat", 99), make_label("Dog", 90), make_label("Animal", 80)]
    put_record(aws.table, photo, labels=labels, denied_labels={"Cat"}, added_labels={"Whiskers"})
    (tile,) = timeline.tiles_of([photo])
    assert tile.labels == ["Whiskers", "Dog", "Animal"]


def test_a_tile_warns_of_a_file_whose_end_is_missing(aws: Any, me: Any) -> None:
    whole, torn = make_photo(me), make_photo(me)
    put_record(aws.table, whole)
    put_record(aws.table, torn, original=contract.Original(bytes=1, width=400, height=300, incomplete=True))
    warnings = [tile.warning for tile in timeline.tiles_of([whole, torn])]
    assert warnings == ["", "The end of this file is missing. If you still have the original, upload it again."]
