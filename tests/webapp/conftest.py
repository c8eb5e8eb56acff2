from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from webapp.review import triggers
from webapp.review.models import Words


@pytest.fixture(autouse=True)
def _log_of_reviews(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty behind a test that commits, when pytest empties every table: which the database refuses to anybody."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    with connection.schema_editor() as editor:
        triggers.remove(None, editor)
    Words.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {triggers.TABLE}")
    with connection.schema_editor() as editor:
        triggers.make(None, editor)
