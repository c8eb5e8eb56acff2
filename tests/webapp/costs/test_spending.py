"""What records say of their use, in SQL: once, summed, and without a name when its photo is gone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_user, put_record
from webapp.accounts import closing
from webapp.accounts.tasks import send_mail
from webapp.costs import cap, estimates, spending
from webapp.costs.models import Use
from webapp.costs.prices import US_EAST_1, Quantities, price
from webapp.photos import analyses, deletion
from webapp.photos.index import index
from webapp.photos.models import Photo

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def make_usage(run_id: str, *, at: str = "2026-11-23T10:00:00.000+00:00", **overrides: Any) -> contract.Usage:
    asked = {"Rekognition.DetectLabels": 1, "S3.PutObject": 3}
    return replace(contract.Usage(asked, 3, 20, 4, 1.5, 6, run_id=run_id, at=at), **overrides)


def make_used(aws: Any, owner: Any = None, *usages: contract.Usage) -> Photo:
    """An indexed photo whose record says what its runs used."""
    photo = make_photo(owner)
    put_record(aws.table, photo, usage=list(usages) or [make_usage(f"{photo.pk}-1")])
    index([photo.pk])
    return photo


def test_indexing_again_counts_no_run_twice_and_another_run_adds_its_own(aws: Any) -> None:
    photo = make_used(aws)
    index([photo.pk])
    put_record(aws.table, photo, usage=[make_usage(f"{photo.pk}-1"), make_usage(f"{photo.pk}-2", transitions=4)])
    index([photo.pk])
    used, photos = Use.objects.totals()
    assert (used.labels, used.transitions, used.lambda_gb_seconds, photos) == (2, 10, 3.0, 1)


def test_a_record_without_usage_is_indexed_as_before(aws: Any) -> None:
    photo = make_photo()
    put_record(aws.table, photo)
    index([photo.pk])
    assert not Use.objects.exists()


def test_sums_by_month_and_by_person_are_one_query_each(aws: Any, django_assert_num_queries: Any) -> None:
    ada, bob = make_user(email="ada@example.org"), make_user(email="bob@example.org")
    make_used(aws, ada)
    for _ in range(2):
        make_used(aws, bob)
    make_used(aws, ada, make_usage("later", at="2026-12-01T00:00:00.000+00:00"))

    with django_assert_num_queries(1):
        months = Use.objects.by_month(since=NOVEMBER)
    assert [(month, used.labels, photos) for month, used, photos in months] == [(NOVEMBER, 3, 3), (DECEMBER, 1, 1)]
    with django_assert_num_queries(1):
        people = Use.objects.in_month(NOVEMBER).by_person(limit=5)
    assert [(email, used.labels, photos) for email, used, photos in people] == [
        ("bob@example.org", 2, 2),
        ("ada@example.org", 1, 1),
    ]
    with django_assert_num_queries(1):
        used, photos = Use.objects.in_month(NOVEMBER).totals()
    assert price(used, US_EAST_1) * 1000 / photos == price(months[0][1], US_EAST_1) * 1000 / 3


def test_what_a_deleted_photo_used_stays_in_its_month_and_says_nothing_of_whom(aws: Any) -> None:
    ada = make_user()
    gone, kept = make_used(aws, ada), make_used(aws, ada)
    before = Use.objects.totals()
    deletion.mark(gone)
    assert deletion.finish(Photo.objects.get(pk=gone.pk))

    assert Use.objects.totals() == before
    anonymous = Use.objects.get(owner=None)
    assert (anonymous.key, anonymous.photo_id, anonymous.photos) == ("deleted-2026-11", None, 1)
    assert list(Use.objects.filter(owner=ada).values_list("photo", flat=True)) == [kept.pk]


def test_what_was_never_indexed_is_counted_when_its_photo_goes(aws: Any) -> None:
    photo = make_photo()
    put_record(aws.table, photo, usage=[make_usage("unseen")])
    deletion.mark(photo)
    assert deletion.finish(Photo.objects.get(pk=photo.pk))
    used, photos = Use.objects.totals()
    assert (used.labels, photos, Use.objects.get().key) == (1, 1, "deleted-2026-11")


def test_what_was_paid_for_a_photo_that_is_deleted_before_its_end_is_counted(aws: Any) -> None:
    photo, twin = make_photo(), make_photo()
    put_record(aws.table, photo, status="processing", run_id="", original=contract.Original(bytes=1, sha256="ab"))
    paid = contract.Analysis(
        owner_id=str(photo.owner_id), sha256="ab", parameters="all", photos={str(photo.pk), str(twin.pk)},
        labels_run=f"{photo.pk}-1", faces_run=f"{photo.pk}-1", moderation_run=f"{twin.pk}-1",
    )  # fmt: skip
    aws.table.put_item(Item=contract.to_item(paid))
    deletion.mark(photo)
    assert deletion.finish(Photo.objects.get(pk=photo.pk))
    used, photos = Use.objects.totals()
    assert (used.labels, used.faces, used.moderation, photos) == (1, 1, 0, 0)
    assert Use.objects.get().key == f"deleted-{spending.month_of(timezone.now()):%Y-%m}"


def test_what_a_run_stored_is_not_counted_again_by_what_it_paid(aws: Any) -> None:
    photo = make_used(aws)
    paid = contract.Analysis(str(photo.owner_id), photo.sha256 or "ab", "all", labels_run=f"{photo.pk}-1")
    aws.table.put_item(Item=contract.to_item(paid))
    deletion.mark(photo)
    assert deletion.finish(Photo.objects.get(pk=photo.pk))
    assert Use.objects.totals()[0].labels == 1


def paid_for(photo: Photo, run_id: str, **overrides: Any) -> contract.Analysis:
    asked = {f"{kind}_run": run_id for kind in ("labels", "faces")}
    return contract.Analysis(str(photo.owner_id), "ab", "all", **{**asked, **overrides})


def test_what_a_run_paid_that_broke_or_died_is_counted_when_its_photo_fails_and_once(aws: Any) -> None:
    """Its record cannot tell: a try that raised hands nothing on."""
    photo = make_photo()
    run_id = f"{photo.pk}-1"
    facts = {"status": "failed", "run_id": run_id, "original": contract.Original(bytes=1, sha256="ab")}
    put_record(aws.table, photo, usage=[make_usage(run_id, requests={"S3.PutObject": 3})], **facts)
    aws.table.put_item(Item=contract.to_item(paid_for(photo, run_id, moderation_run="somebody-else-1")))
    index([photo.pk])
    index([photo.pk])
    used, photos = Use.objects.totals()
    assert (used.labels, used.faces, used.moderation, used.s3_writes, photos) == (1, 1, 0, 3, 1)


def test_what_a_dead_run_paid_is_counted_beside_the_run_that_came_after_it(aws: Any) -> None:
    photo = make_photo(attempt=2)
    runs = [f"{photo.pk}-1", f"{photo.pk}-2"]
    aws.table.put_item(Item=contract.to_item(paid_for(photo, runs[0])))
    facts = {"original": contract.Original(bytes=1, sha256="ab"), "run_id": runs[1], "attempt": 2}
    put_record(aws.table, photo, status="failed", **facts)
    index([photo.pk])
    assert Use.objects.totals() == (Quantities(labels=1, faces=1), 0), "the record tells of no run yet"
    put_record(aws.table, photo, usage=[make_usage(runs[1], requests={})], **facts)
    index([photo.pk])
    used, photos = Use.objects.totals()
    assert (used.labels, used.lambda_requests, photos, Use.objects.count()) == (1, 4, 1, 2)


def test_a_run_that_was_noted_by_what_it_paid_alone_is_noted_whole_once_its_record_tells_of_it(aws: Any) -> None:
    photo = make_photo()
    run_id = f"{photo.pk}-1"
    spending.note_paid(photo, [paid_for(photo, run_id)])
    put_record(aws.table, photo, usage=[make_usage(run_id)])
    index([photo.pk])
    used, photos = Use.objects.totals()
    assert (used.labels, used.s3_writes, used.lambda_requests, photos) == (1, 3, 4, 1)


def test_a_photo_that_goes_as_its_dead_run_is_counted_breaks_nothing(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photo()
    Photo.objects.filter(pk=photo.pk).update(sha256="ab")
    photo.refresh_from_db()
    aws.table.put_item(Item=contract.to_item(paid_for(photo, f"{photo.pk}-1")))
    monkeypatch.setattr(spending, "note_paid", lambda *_: (_ for _ in ()).throw(IntegrityError))
    analyses.note_paid([photo])
    assert not Use.objects.exists()


# --- What the site itself sends ---


def test_mails_and_codes_of_the_site_are_counted_by_person_and_month(aws: Any) -> None:
    ana = make_user(email="ana@example.org")
    with time_machine.travel("2026-11-30T23:59:00Z", tick=False):
        for _ in range(2):
            send_mail(subject="Hello", body="Hello", to="ana@example.org", person=str(ana.pk))
        spending.note_sent(spending.SMS, person=ana.pk)
    with time_machine.travel("2026-12-01T00:01:00Z", tick=False):
        send_mail(subject="Hello", body="Hello", to="ana@example.org", person=str(ana.pk))
    months = Use.objects.by_month(since=NOVEMBER)
    assert months == [(NOVEMBER, Quantities(site_mails=2, site_sms=1), 0), (DECEMBER, Quantities(site_mails=1), 0)]
    assert [email for email, _used, _photos in Use.objects.by_person(limit=5)] == ["ana@example.org"]


@pytest.mark.parametrize("to", ["nobody", "ana@example.org"])
def test_what_is_sent_to_whom_there_is_no_account_counts_and_says_of_nobody(to: str) -> None:
    send_mail(subject="Hello", body="Hello", to="ana@example.org", person="" if to == "nobody" else str(uuid4()))
    (noted,) = Use.objects.all()
    assert (noted.site_mails, noted.owner, "nobody" in noted.key) == (1, None, True)


def test_a_mail_that_is_sent_to_nobody_counts_nothing() -> None:
    send_mail(subject="Hello", body="Hello", to="")
    assert not Use.objects.exists()


def test_a_mail_that_cannot_be_counted_is_sent_once_and_that_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spending, "_count_sent", lambda *_: (_ for _ in ()).throw(DatabaseError))
    send_mail(subject="Hello", body="Hello", to="ana@example.org")
    assert len(mail.outbox) == 1
    assert "not counted" in caplog.text


def test_what_the_site_sends_counts_against_the_cap(settings: Any) -> None:
    settings.MONTHLY_COST_CAP = Decimal(10)
    before = cap.spent()
    spending.note_sent(spending.SMS)
    assert cap.spent() - before == US_EAST_1.prices["site_sms"].dollars


def test_the_notice_of_a_batch_is_counted_once_whatever_it_adds_later() -> None:
    batch = make_batch()
    used = contract.Usage({"SESv2.SendEmail": 1, "DynamoDB.UpdateItem": 2}, 1, 2, 1, 0.1)
    record = contract.Batch(str(batch.pk), str(batch.owner_id), 1, claimed_at="2026-11-30T23:59:00+00:00", usage=used)
    spending.note_batch(batch, record)
    spending.note_batch(batch, replace(record, usage=used + used))
    (noted,) = Use.objects.all()
    assert (noted.mails, noted.month, noted.owner, noted.photos) == (2, NOVEMBER, batch.owner, 0)


def test_who_leaves_takes_the_name_off_what_they_used(aws: Any, settings: Any) -> None:
    settings.UPLOAD_SECONDS = settings.FUNCTIONS_END_WITHIN_SECONDS = 0  # nothing comes late
    batch = make_batch()
    used = contract.Usage({"SESv2.SendEmail": 1})
    spending.note_batch(batch, contract.Batch(str(batch.pk), str(batch.owner_id), 1, usage=used))
    spending.note_sent(spending.MAIL, person=batch.owner_id)
    assert closing.finish(batch.owner)  # which mails them once more
    assert {use.owner for use in Use.objects.all()} == {None}
    assert not any(str(gone) in use.key for use in Use.objects.all() for gone in (batch.pk, batch.owner_id))
    used, _photos = Use.objects.totals()
    assert (used.mails, used.site_mails) == (1, 2)


def test_an_estimate_goes_by_the_photos_that_were_there_once_there_are_enough(aws: Any) -> None:
    assert estimates.estimate(1000) == 1000 * price(estimates.TYPICAL)
    month = spending.month_of(estimates.timezone.now())
    Use.objects.create(key="many", month=month, photos=estimates.ENOUGH, labels=2 * estimates.ENOUGH)
    assert estimates.estimate(1000) == Decimal("2.000")
    assert isinstance(price(Quantities()), Decimal)


def test_a_campaign_over_photos_of_before_makes_no_new_photo_dearer(aws: Any) -> None:
    month = spending.month_of(estimates.timezone.now())
    Use.objects.create(key="new ones", month=month, photos=estimates.ENOUGH, labels=estimates.ENOUGH)
    Use.objects.create(key="a campaign's run of an old one", month=month, labels=10_000)
    assert estimates.estimate(1000) == Decimal("1.000")


def test_what_goes_is_added_to_its_months_in_one_order_whatever_order_it_was_used_in() -> None:
    """Two photos that go at once would else wait for each other's months, and one of them break off."""
    photo = make_photo()
    for month in ("2026-11-01", "2026-09-01", "2026-10-01"):
        Use.objects.create(key=f"{photo.pk}-{month}", month=month, owner=photo.owner, photo=photo)
    with CaptureQueriesContext(connection) as asked:
        spending.forget_photo(photo.pk)
    added = [found[0] for each in asked if (found := re.findall(r"deleted-2026-\d\d", each["sql"]))]
    assert added == sorted(added)
    assert len(set(added)) == 3
