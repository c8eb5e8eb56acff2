"""The end of an account: a week to change one's mind, then nothing is left but a receipt, whatever breaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import PASSWORD, make_batch, make_photo, make_staff, make_user, put_batch, put_record
from tests.webapp.albums.shelf import make_album, make_link
from webapp import aws as site_aws
from webapp.accounts import closing, exports, preferences, tasks
from webapp.accounts.models import NotificationPreferences, Receipt, User
from webapp.costs.models import Use
from webapp.notices import keeping
from webapp.notices.models import Notice
from webapp.operations.models import Campaign
from webapp.photos.index import index
from webapp.photos.models import Batch, Photo
from webapp.photos.sweep import sweep
from webapp.review import asking, decisions
from webapp.review import log as reviews
from webapp.review import queue as leases
from webapp.review.models import Case, Entry

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/settings/data/delete/"
BUCKETS = (settings.ORIGINALS_BUCKET, settings.RENDITIONS_BUCKET)


def furnish(aws: Any, owner: Any) -> Any:
    """Give somebody one of everything; the link to their album."""
    batch = make_batch(owner)
    photo = make_photo(owner, batch=batch, sha256="d" * 64, file_name=f"of {owner.email}.jpg")
    aws.s3.put_object(Bucket=settings.ORIGINALS_BUCKET, Key=photo.key, Body=b"original")
    record = put_record(aws.table, photo)
    put_batch(aws.table, batch, ready={str(photo.pk)})
    for rendition in record.renditions.values():
        aws.s3.put_object(Bucket=settings.RENDITIONS_BUCKET, Key=rendition.key, Body=b"x")
    analysis = contract.Analysis(str(owner.pk), "0" * 64, "parameters of no photo")
    aws.table.put_item(Item=contract.to_item(analysis))
    index([photo.pk])
    notice = Notice.objects.create(owner=owner, kind="test")
    aws.table.put_item(Item=contract.to_item(contract.Batch(str(notice.pk), str(owner.pk), 0, kind="test")))
    keeping.keep(owner_id=owner.pk, kind="rejected", photo=photo, reason="other")
    preferences.provide(user=owner)
    preferences.copy(str(owner.pk))
    exports.begin(owner=owner)
    log(owner, photo.file_name)
    _have_relabelled(aws, photo)
    return make_link(make_album(owner, [photo], name="Holiday"))


def _have_reviewed(photo: Photo) -> None:
    """Reported, rejected, appealed against, and allowed after all."""
    asking.report(photo=photo, reason="private", words=f"{photo.owner.email} shows me.")
    for verdict in ("reject", "approve"):
        case, reviewer = Case.objects.get(photo=photo), make_staff()
        assert leases.take(case_id=case.pk, reviewer=reviewer, now=timezone.now())
        if verdict == "approve":
            assert decisions.approve(reviewer=reviewer, case_id=case.pk)
        else:
            words = {"reason": "private", "words": f"{photo.owner.email} again."}
            assert decisions.reject(reviewer=reviewer, case_id=case.pk, **words)
            assert asking.appeal(photo=photo, words=f"I am {photo.owner.email}.")


def _have_relabelled(aws: Any, photo: Photo) -> None:
    """In a campaign over all photos and in one over theirs, by what was used, and by what was counted."""
    for campaign in (Campaign.objects.create(name="All"), Campaign.objects.create(name="Theirs", owner=photo.owner)):
        campaign.photos.create(photo=photo, run_id=f"{photo.pk}-c1", before={"of_run": f"{photo.pk}-1"})
    Use.objects.create(key=f"{photo.pk}-1", month="2026-11-01", owner=photo.owner, photo=photo, photos=1)
    Use.objects.create(key=f"batch-{photo.batch_id}", month="2026-11-01", owner=photo.owner)
    now = timezone.now().isoformat()
    for key in (
        contract.sms_of_person_key(str(photo.owner_id), now),
        contract.codes_of_person_key(str(photo.owner_id), now),
    ):
        aws.table.put_item(Item={**key, "count": 1})


def give_ways_in(owner: Any) -> None:
    """An app with recovery codes, an account elsewhere, and a browser that has only entered the password."""
    TOTP.activate(owner, generate_totp_secret())
    RecoveryCodes.activate(owner)
    SocialAccount.objects.create(user=owner, provider="google", uid=owner.email, extra_data={"name": owner.email})
    Client().post("/accounts/login/", {"login": owner.email, "password": PASSWORD})


def log(owner: Any, said: str) -> None:
    """As when staff changed something about them."""
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=make_staff(), content_type=kind, object_id=str(owner.pk), object_repr=said, action_flag=CHANGE
    )


def due(user: Any) -> None:
    User.objects.filter(pk=user.pk).update(closes_at=timezone.now() - timedelta(seconds=1))


def left_of(aws: Any, something: Any) -> list[str]:
    """Whatever names a person, or a thing of theirs, in the buckets, in the table or in SQL."""
    marks = [str(something.pk), something.pk.hex, *([something.email] if isinstance(something, User) else [])]
    found = [*_objects(aws), *map(str, aws.table.scan()["Items"]), *_rows()]
    return [each[:200] for each in found if any(mark in each for mark in marks)]


def _objects(aws: Any) -> Iterator[str]:
    for bucket in BUCKETS:
        listed = aws.s3.list_object_versions(Bucket=bucket)
        yield from (each["Key"] for each in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])])
        yield from (each["Key"] for each in aws.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def _rows() -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            yield from (f"{table}: {row}" for row in cursor.fetchall())


# --- Asked for, and taken back ---------------------------------------------------------------------------------------


@pytest.fixture
def me(aws: Any, states: Any) -> Any:
    return make_user()


@pytest.fixture
def states(aws: Any, settings: Any) -> None:
    """No execution is under way, and nothing comes late."""
    settings.UPLOAD_SECONDS = settings.FUNCTIONS_END_WITHIN_SECONDS = 0


@pytest.fixture
def mine(me: Any, client: Client) -> Client:
    """A browser in which somebody typed their password just now."""
    client.post("/accounts/login/", {"login": me.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_it_begins_when_the_password_was_typed_again(me: Any, client: Client) -> None:
    client.force_login(me)

    answer = client.post(PAGE)

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    me.refresh_from_db()
    assert me.closes_at is None
    client.post("/accounts/reauthenticate/", {"password": "not it", "next": PAGE})
    me.refresh_from_db()
    assert me.closes_at is None
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": PAGE})
    me.refresh_from_db()
    assert me.closes_at


def test_who_asks_has_a_week_no_links_and_no_uploads(aws: Any, me: Any, mine: Client) -> None:
    link = furnish(aws, me)
    assert Client().get(link.get_absolute_url()).status_code == 200

    mine.post(PAGE)

    me.refresh_from_db()
    assert timedelta(days=6) < me.closes_at - timezone.now() <= timedelta(days=7)
    assert Client().get(link.get_absolute_url()).status_code == 404
    assert mine.post("/upload/").status_code == 403
    for path in ("/upload/begin/", "/upload/addresses/"):
        assert "takes no photos" in mine.post(path).json()["error"]
    assert "Keep my account" in mine.get("/gallery/").content.decode()
    assert tasks.close_accounts() == 0
    assert Photo.objects.kept().exists()


def test_who_asks_is_told_by_mail_once_since_it_may_be_somebody_else(me: Any, mine: Client) -> None:
    preferences.provide(user=me)
    NotificationPreferences.objects.update(language="de")
    mail.outbox.clear()
    for _ in range(2):
        mine.post(PAGE)
    me.refresh_from_db()
    [message] = mail.outbox
    assert message.to == [me.email]
    with translation.override("de"):
        assert f"{date_format(me.closes_at, 'DATETIME_FORMAT')} UTC" in message.body
    assert "/settings/data/" in message.body
    assert "/accounts/password/reset/" in message.body
    assert "Dein" in message.body


def test_who_asks_twice_gets_no_second_week(me: Any) -> None:
    due(me)
    before = User.objects.get(pk=me.pk).closes_at
    closing.begin(user=me)
    assert User.objects.get(pk=me.pk).closes_at == before


def test_a_changed_mind_brings_all_of_it_back(aws: Any, me: Any, mine: Client) -> None:
    link = furnish(aws, me)
    mine.post(PAGE)

    mine.post("/settings/data/keep/")

    assert Client().get(link.get_absolute_url()).status_code == 200
    assert mine.post("/upload/begin/").status_code == 200
    assert "Keep my account" not in mine.get("/gallery/").content.decode()


def test_after_the_week_it_is_too_late(aws: Any, me: Any, mine: Client) -> None:
    due(me)
    mine.post("/settings/data/keep/")
    assert tasks.close_accounts() == 1
    assert not User.objects.filter(pk=me.pk).exists()


# --- Carried out -----------------------------------------------------------------------------------------------------


def test_nothing_is_left_but_a_receipt_and_the_neighbour_stays(aws: Any, me: Any, mine: Client) -> None:
    furnish(aws, me)
    photo, batch = Photo.objects.get(owner=me), Batch.objects.get(owner=me)
    _have_reviewed(photo)
    case = Case.objects.get(photo=photo).pk
    another = make_user()
    furnish(aws, another)
    kept = len(left_of(aws, another))
    mine.post(PAGE)
    give_ways_in(me)
    due(me)
    mail.outbox.clear()

    assert tasks.close_accounts() == 1

    assert left_of(aws, me) == []
    assert left_of(aws, photo) == left_of(aws, batch) == []
    kept_in_sessions = str([session.get_decoded() for session in Session.objects.all()])
    assert not any(name in kept_in_sessions for name in (str(me.pk), me.pk.hex))
    assert len(left_of(aws, another)) == kept
    receipt = Receipt.objects.get()
    assert receipt.removed == {"photos": 1, "albums": 1, "links": 1, "uploads": 1, "ways_in": 3}
    assert receipt.done_at
    assert receipt.owner is None
    [message] = mail.outbox
    assert message.to == [me.email]
    assert str(receipt.pk) in message.body
    last = reviews.lines(list(Entry.objects.filter(case=case).order_by("-pk")[:1]))
    assert [(line.entry.action, line.who) for line in last] == [("deleted", "An account that is gone")]


class Killed(BaseException):
    """As SIGKILL: nothing of ours catches it."""


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "AbortMultipartUpload"),
        ("s3", "DeleteObject"),
        ("s3", "DeleteObjects"),
        ("s3", "ListObjectVersions"),
        ("dynamodb", "BatchGetItem"),
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "Query"),
        ("dynamodb", "DeleteItem"),
    ],
)
def test_a_deletion_that_was_killed_is_brought_to_its_end(
    aws: Any, me: Any, service: str, operation: str, call: int, settings: Any
) -> None:
    settings.SWEEP_AFTER_SECONDS = 0
    furnish(aws, me)
    due(me)
    kill_at(service, operation, call=call)

    for _ in range(3):
        try:
            tasks.close_accounts()
            sweep()
        except Killed:
            continue

    assert left_of(aws, me) == []
    receipt = Receipt.objects.get()
    assert (receipt.removed["photos"], receipt.removed["uploads"]) == (1, 1)


def kill_at(service: str, operation: str, *, call: int) -> None:
    made: list[str] = []

    def kill(**_: Any) -> None:
        made.append(operation)
        if len(made) == call:
            raise Killed

    client = site_aws.s3() if service == "s3" else site_aws.table().meta.client
    client.meta.events.register(f"after-call.{service}.{operation}", kill)


def test_what_aws_refuses_is_tried_again_and_holds_up_nobody_else(aws: Any, me: Any) -> None:
    another = make_user()
    for each in (me, another):
        due(each)
    refused: list[str] = []

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if not refused:
            refused.append("Query")
            raise OSError("test")

    site_aws.table().meta.client.meta.events.register("before-call.dynamodb.Query", refuse)
    assert tasks.close_accounts() == 1
    assert tasks.close_accounts() == 1


def test_what_comes_late_by_an_address_given_before_goes_too(aws: Any, me: Any, settings: Any) -> None:
    settings.UPLOAD_SECONDS = 15 * 60
    key = contract.original_key(str(me.pk), str(make_photo(me).pk), "jpg")
    due(me)
    assert tasks.close_accounts() == 0
    assert not User.objects.get(pk=me.pk).is_active
    aws.s3.put_object(Bucket=settings.ORIGINALS_BUCKET, Key=key, Body=b"late")
    Receipt.objects.update(begun_at=timezone.now() - timedelta(minutes=16))

    assert tasks.close_accounts() == 1

    assert left_of(aws, me) == []


def test_the_receipt_is_in_the_language_of_whoever_leaves(aws: Any, me: Any, states: Any) -> None:
    preferences.provide(user=me)
    NotificationPreferences.objects.update(language="de")
    due(me)
    tasks.close_accounts()
    assert "Dein" in mail.outbox[-1].body
