from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from webapp.photos.models import Photo
from webapp.photos.words import alt_text, date_of

MAY = Photo(timeline_at=datetime(2024, 5, 12, 14, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["Dog", "Beach"], "Photo: dog, beach. 12 May 2024"),
        (["Golden Retriever", "BBQ"], "Photo: golden retriever, BBQ. 12 May 2024"),
        ([], "Photo. 12 May 2024"),
    ],
)
def test_a_picture_is_said_by_its_labels_and_its_day(labels: list[str], words: str) -> None:
    assert alt_text(date_of(MAY), labels) == words


def test_names_keep_their_capitals_where_nouns_have_them() -> None:
    with translation.override("de"):
        assert alt_text(date_of(MAY), ["Golden Retriever"]) == "Foto: Golden Retriever. 12. Mai 2024"


def test_the_day_is_that_of_the_site_s_zone(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    assert alt_text(date_of(MAY), []) == "Photo. 13 May 2024"
