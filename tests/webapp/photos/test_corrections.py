"""What an owner says of labels reaches the record and the index together, and outlives every analysis."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract, photo_table, results
from tests.factories import make_label, make_photo, make_user, put_record
from webapp import aws as site_aws
from webapp.photos import catalog, corrections
from webapp.photos.corrections import Correction
from webapp.photos.index import index, index_seen
from webapp.photos.models import LabelCount, Photo, PhotoLabel

from .pages import ready

pytestmark = pytest.mark.django_db


def said(photo: Photo) -> tuple[set[str], set[str]]:
    """What the record has as denied and added."""
    record = catalog.get(photo)
    assert record is not None
    return record.denied_labels, record.added_labels


def counts(owner: Any) -> dict[str, int]:
    return dict(LabelCount.objects.top(owner))


def shown(photo: Photo) -> dict[str, float]:
    return dict(PhotoLabel.objects.filter(photo=photo).values_list("name", "confidence"))


def test_a_denied_label_is_out_of_search_and_counts_at_once(aws: Any, me: Any) -> None:
    photo, other = ready(aws, me, "Cat", "Animal"), ready(aws, me, "Cat")

    assert corrections.deny(photo=photo, name="Cat") is Correction.DONE

    assert said(photo) == ({"Cat"}, set())
    assert counts(me) == {"Animal": 1, "Cat": 1}
    assert list(Photo.objects.with_labels(["Cat"])) == [other]


def test_an_added_label_is_found_and_counted_as_certain(aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")

    assert corrections.add(photo=photo, name="Whiskers") is Correction.DONE

    assert said(photo) == (set(), {"Whiskers"})
    assert shown(photo) == {"Cat": 91.5, "Whiskers": 100.0}
    assert counts(me) == {"Cat": 1, "Whiskers": 1}


def test_what_is_taken_back_is_as_the_analysis_says(aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    corrections.deny(photo=photo, name="Cat")
    corrections.add(photo=photo, name="Dog")

    for name in ("Cat", "Dog", "Never said"):
        assert corrections.take_back(photo=photo, name=name) is Correction.DONE

    assert said(photo) == (set(), set())
    assert (shown(photo), counts(me)) == ({"Cat": 91.5}, {"Cat": 1})


def test_a_denied_label_that_is_added_is_shown(aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    corrections.deny(photo=photo, name="Cat")

    corrections.add(photo=photo, name="cat")

    assert said(photo) == (set(), {"Cat"})


@pytest.mark.parametrize(
    ("typed", "kept"), [("dog", "Dog"), ("DOG", "Dog"), ("éTÉ", "Été"), ("Doggy", "Doggy"), ("cAT", "Cat")]
)
def test_an_added_label_joins_the_one_that_differs_in_case_alone(aws: Any, me: Any, typed: str, kept: str) -> None:
    ready(aws, me, "Dog", "Été")
    ready(aws, make_user(), "doggy")
    photo = ready(aws, me, "Cat")

    corrections.add(photo=photo, name=typed)

    assert said(photo)[1] == {kept}


def test_of_labels_alike_the_exact_one_is_joined_then_the_most_frequent(aws: Any, me: Any) -> None:
    for label in ("dog", "Dog", "Dog"):
        ready(aws, me, label)
    exact, loud = ready(aws, me), ready(aws, me)

    corrections.add(photo=exact, name="dog")
    corrections.add(photo=loud, name="DOG")

    assert (said(exact)[1], said(loud)[1]) == ({"dog"}, {"Dog"})


def test_only_what_was_found_can_be_denied(aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    corrections.add(photo=photo, name="Dog")

    for name in ("Dog", "Unicorn", ""):
        assert corrections.deny(photo=photo, name=name) is Correction.DONE

    assert said(photo) == (set(), set())
    assert counts(me) == {"Cat": 1}


def test_one_more_label_than_may_be_added_is_refused(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    most = {f"Label {number}" for number in range(contract.MAX_ADDED_LABELS)}
    put_record(aws.table, photo, added_labels=most)

    assert corrections.add(photo=photo, name="One more") is Correction.TOO_MANY
    assert corrections.add(photo=photo, name="label 7") is Correction.DONE, "it is there already"

    assert said(photo)[1] == most


@pytest.mark.parametrize("correct", [corrections.deny, corrections.add, corrections.take_back])
@pytest.mark.parametrize("status", ["uploading", "processing", "failed", "rejected", "deleting"])
def test_a_photo_that_is_not_ready_is_not_corrected(aws: Any, me: Any, status: str, correct: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status=status, denied_labels={"Dog"})

    assert correct(photo=photo, name="Dog") is Correction.NOT_READY

    assert said(photo) == ({"Dog"}, set())


@pytest.mark.parametrize("correct", [corrections.deny, corrections.add, corrections.take_back])
def test_a_photo_that_is_deleted_meanwhile_stays_gone(aws: Any, me: Any, correct: Any) -> None:
    photo = ready(aws, me, "Cat")

    def delete_first(**_: Any) -> None:
        aws.table.delete_item(Key=contract.photo_item_key(str(me.pk), str(photo.pk)))

    site_aws.table().meta.client.meta.events.register("before-call.dynamodb.UpdateItem", delete_first)

    assert correct(photo=photo, name="Cat") is Correction.CHANGED

    assert catalog.get(photo) is None


@pytest.mark.parametrize("operation", ["BatchGetItem", "UpdateItem"])
@pytest.mark.parametrize("correct", [corrections.deny, corrections.add])
def test_nothing_is_half_done_when_dynamodb_does_not_answer(
    aws: Any, me: Any, breaks: Any, operation: str, correct: Any
) -> None:
    photo = ready(aws, me, "Cat")
    breaks("dynamodb", operation, times=1)

    with pytest.raises(ClientError):
        correct(photo=photo, name="Cat")

    assert said(photo) == (set(), set())
    assert (shown(photo), counts(me)) == ({"Cat": 91.5}, {"Cat": 1})


def test_a_correction_that_was_not_indexed_is_when_the_photo_is_seen(aws: Any, me: Any, breaks: Any) -> None:
    photo = ready(aws, me, "Cat")
    reads = []

    def second_read(_params: dict[str, Any]) -> bool:
        reads.append(1)
        return len(reads) == 2

    breaks("dynamodb", "BatchGetItem", when=second_read)

    assert corrections.deny(photo=photo, name="Cat") is Correction.DONE
    assert counts(me) == {"Cat": 1}

    index_seen([photo], catalog.get_many([photo]))
    assert counts(me) == {}
    photo.refresh_from_db()
    assert index_seen([photo], catalog.get_many([photo])) == [], "once is enough"


def test_corrections_outlive_a_new_analysis(aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat", "Animal")
    corrections.deny(photo=photo, name="Cat")
    corrections.add(photo=photo, name="Whiskers")

    analyse_again(aws, photo, "Cat", "Sofa")
    index([photo.pk])

    assert said(photo) == ({"Cat"}, {"Whiskers"})
    assert counts(me) == {"Sofa": 1, "Whiskers": 1}


def analyse_again(aws: Any, photo: Photo, *labels: str) -> None:
    """A run that the site asked for, with the pipeline's own writes."""
    run = contract.new_run(owner_id=str(photo.owner_id), photo_id=str(photo.pk), key=photo.key, etag="e", attempt=2)
    seen, now = catalog.get(photo), timezone.now().isoformat()
    assert seen is not None
    assert catalog.request_run(seen, run)
    photo_table.claim_photo(aws.table, run, now=now)
    found = {"labels": [make_label(label) for label in labels]}
    ending = results.Ending(contract.Status.READY, found, [])
    photo_table.finish_photo(aws.table, run, ending, now=now, usage=contract.Usage())
