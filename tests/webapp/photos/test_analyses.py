"""An analysis goes with the last photo that uses it, and not before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from webapp.photos import catalog, deletion
from webapp.photos.models import Photo
from webapp.photos.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("states")]

SHA256, OTHER = "5f" * 32, "a0" * 32


def make_identical(table: Any, count: int = 2) -> list[Photo]:
    """Photos of one person that have the same bytes, as their runs leave them."""
    owner = make_user()
    photos = [make_photo(owner) for _ in range(count)]
    for photo in photos:
        put_record(table, photo, original=contract.Original(bytes=1, sha256=SHA256))
    return photos


def put_analysis(table: Any, *photos: Photo, owner_id: str = "", **overrides: Any) -> contract.Analysis:
    values = {"sha256": SHA256, "parameters": "labels-55-25", "labels": contract.LabelsAnswer(model="3.0")} | overrides
    owner_id = owner_id or str(photos[0].owner_id)
    analysis = contract.Analysis(owner_id=owner_id, photos={str(photo.pk) for photo in photos}, **values)
    table.put_item(Item=contract.to_item(analysis))
    return analysis


def analyses(table: Any) -> list[contract.Analysis]:
    found = [item for item in table.scan()["Items"] if item["sk"].startswith("ANALYSIS#")]
    return [contract.from_item(contract.Analysis, item) for item in found]


def test_the_first_of_two_photos_leaves_the_analysis_and_the_last_takes_it_along(aws: SimpleNamespace) -> None:
    first, second = make_identical(aws.table)
    put_analysis(aws.table, first, second)

    deletion.begin([first])
    (left,) = analyses(aws.table)
    assert left.photos == {str(second.pk)}
    assert left.labels == contract.LabelsAnswer(model="3.0")

    deletion.begin([second])
    assert analyses(aws.table) == []


def test_analyses_of_all_parameters_go(aws: SimpleNamespace) -> None:
    (photo,) = make_identical(aws.table, count=1)
    put_analysis(aws.table, photo)
    put_analysis(aws.table, photo, parameters="labels-80-10")
    deletion.begin([photo])
    assert analyses(aws.table) == []


def test_analyses_of_other_contents_and_other_people_stay(aws: SimpleNamespace) -> None:
    (photo,) = make_identical(aws.table, count=1)
    stranger = make_photo()
    kept = [put_analysis(aws.table, stranger), put_analysis(aws.table, make_photo(photo.owner), sha256=OTHER)]
    deletion.begin([photo])
    assert sorted(analyses(aws.table), key=lambda each: each.sha256) == kept


def test_more_analyses_than_a_page_holds_all_go(aws: SimpleNamespace) -> None:
    """A page ends at 1 MB."""
    (photo,) = make_identical(aws.table, count=1)
    for number in range(4):
        label = contract.Label(name="x" * 350_000, confidence=60)
        put_analysis(aws.table, photo, parameters=f"labels-{number}-25", labels=contract.LabelsAnswer([label]))
    deletion.begin([photo])
    assert analyses(aws.table) == []


def test_what_a_dead_run_left_of_an_analysis_goes_with_its_photo(aws: SimpleNamespace) -> None:
    """Its lease may have long to go; but a photo whose fence is shut has no run that pays for answers."""
    (photo,) = make_identical(aws.table, count=1)
    put_analysis(aws.table, photo, claimed_by=f"{photo.pk}-1", lease_until="2999-01-01T00:00:00.000+00:00", labels=None)
    deletion.begin([photo])
    assert analyses(aws.table) == []


def test_a_photo_that_was_never_analysed_costs_no_query(aws: SimpleNamespace, calls: Any) -> None:
    photo = make_photo()
    put_record(aws.table, photo, status="rejected")
    deletion.begin([photo])
    assert calls["Query"] == 0
    assert catalog.get(photo) is None


@pytest.mark.parametrize("operation", ["Query", "UpdateItem", "DeleteItem"])
def test_a_deletion_that_broke_at_the_analysis_is_resumed(
    aws: SimpleNamespace, breaks: Any, settings: Any, operation: str
) -> None:
    (photo,) = make_identical(aws.table, count=1)
    put_analysis(aws.table, photo)

    def is_of_the_analysis(params: dict[str, Any]) -> bool:
        return operation == "Query" or params["Key"]["sk"].startswith("ANALYSIS#")

    breaks("dynamodb", operation, times=1, when=is_of_the_analysis)
    deletion.begin([photo])
    assert catalog.get(photo) is not None  # the record goes last: it knows where to look
    assert len(analyses(aws.table)) == 1

    settings.SWEEP_AFTER_SECONDS = 0
    sweep()
    assert analyses(aws.table) == []
    assert not Photo.objects.exists()


def test_a_photo_that_joins_while_the_last_one_leaves_keeps_the_analysis(aws: SimpleNamespace, breaks: Any) -> None:
    first, second = make_identical(aws.table)
    put_analysis(aws.table, first)

    def join(params: dict[str, Any]) -> bool:
        put_analysis(aws.table, second)
        return False

    breaks("dynamodb", "DeleteItem", when=join)
    deletion.begin([first])
    (left,) = analyses(aws.table)
    assert left.photos == {str(second.pk)}


def test_what_was_written_behind_a_deletion_is_undone_with_its_analysis(aws: SimpleNamespace) -> None:
    (photo,) = make_identical(aws.table, count=1)
    put_analysis(aws.table, photo)
    Photo.objects.filter(pk=photo.pk).delete()
    assert deletion.undo_if_deleted(photo)
    assert analyses(aws.table) == []
