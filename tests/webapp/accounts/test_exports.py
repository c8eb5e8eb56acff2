"""All that a person has, as a ZIP: what is in it, what becomes of it when it is stopped, and who gets it."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.factories import PASSWORD, make_photo, make_staff, make_user, put_record
from tests.webapp.albums.shelf import make_album, make_link
from webapp import aws as site_aws
from webapp.accounts import exports, preferences, tasks
from webapp.accounts.models import Export, ExportPart
from webapp.albums.models import ShareLink
from webapp.notices import keeping
from webapp.review.models import Verdict

pytestmark = pytest.mark.django_db
PAGE, AGAIN = "/settings/data/", "/accounts/reauthenticate/"


@pytest.fixture
def me(db: None) -> Any:
    return make_user()


@pytest.fixture
def mine(me: Any, client: Client) -> Client:
    """Me, where I was asked for my password just now."""
    client.force_login(me)
    client.post(AGAIN, {"password": PASSWORD})
    return client


def keep(aws: Any, owner: Any, content: bytes = b"original", **overrides: Any) -> Any:
    """A ready photo whose original is `content`."""
    photo = make_photo(owner, **overrides)
    aws.s3.put_object(Bucket=settings.ORIGINALS_BUCKET, Key=photo.key, Body=content)
    put_record(aws.table, photo)
    return photo


def zip_of(aws: Any, export: Export) -> zipfile.ZipFile:
    body = aws.s3.get_object(Bucket=settings.RENDITIONS_BUCKET, Key=export.key)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(body))


def stored(aws: Any) -> list[str]:
    listed = aws.s3.list_objects_v2(Bucket=settings.RENDITIONS_BUCKET, Prefix="exports/")
    return [each["Key"] for each in listed.get("Contents", [])]


def uploads(aws: Any) -> list[Any]:
    found: list[Any] = aws.s3.list_multipart_uploads(Bucket=settings.RENDITIONS_BUCKET).get("Uploads", [])
    return found


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts of the least that S3 takes, each of one photo; how many bytes that is."""
    monkeypatch.setattr(exports, "PART", 5 * 1024 * 1024)
    return 5 * 1024 * 1024


def before_call(operation: str, act: Any) -> None:
    site_aws.s3().meta.events.register(f"before-call.s3.{operation}", act)


# --- What is in it ---------------------------------------------------------------------------------------------------


def test_originals_are_in_it_byte_for_byte_with_all_that_is_known_of_them(aws: Any, me: Any) -> None:
    contents = [os.urandom(100_000), b"", b"\xff\xd8 short"]
    photos = [keep(aws, me, content, file_name=f"{at}.jpg") for at, content in enumerate(contents)]
    make_photo(me, file_name="never arrived.jpg")

    export = exports.begin(owner=me)

    archive = zip_of(aws, export)
    assert archive.testzip() is None
    assert [archive.read(f"originals/{at}.jpg") for at in range(3)] == contents
    assert "originals/never arrived.jpg" not in archive.namelist()
    details = json.loads(archive.read("details/0.jpg.json"))
    assert (details["id"], details["file"]) == (str(photos[0].pk), "originals/0.jpg")
    assert [label["name"] for label in details["found"]["labels"]] == ["Cat", "Animal"]
    assert details["found"]["steps"][0]["name"] == "ResizeImage"
    assert json.loads(archive.read("details/never arrived.jpg.json"))["file"] == ""


def test_the_account_is_in_it_without_what_opens_its_shares(aws: Any, me: Any) -> None:
    photo = keep(aws, me)
    make_link(make_album(me, [photo], name="Holiday"))
    app = TOTP.activate(me, generate_totp_secret()).instance
    SocialAccount.objects.create(user=me, provider="github", uid="7", extra_data={"name": "me"})
    preferences.choose(user=me, channel="mail", only_problems=False, phone="", rhythm="weekly", hour=7, weekday=6)
    keeping.keep(owner_id=me.pk, kind="rejected", photo=photo, reason="private", told_by="none")
    UserSession.objects.create(user=me, session_key="secret key", ip="192.0.2.7", user_agent="Firefox")
    decided = {"review": "rejected", "reason": "hate", "decided_at": timezone.now(), "decided_by": make_staff()}
    for owner, sha256 in ((me, "a" * 64), (make_user(), "b" * 64)):
        Verdict.objects.create(owner=owner, sha256=sha256, **decided)

    archive = zip_of(aws, exports.begin(owner=me))

    text = archive.read("account.json").decode()
    account = json.loads(text)
    assert account["mail_address"] == me.email
    assert account["albums"][0]["name"] == "Holiday"
    assert account["albums"][0]["photos"] == [str(photo.pk)]
    assert account["photos"] == [f"details/{photo.file_name}.json"]
    assert ShareLink.objects.get().token not in text
    assert [each["type"] for each in account["second_factors"]] == ["totp"]
    assert app.data["secret"] not in text
    assert (account["accounts_elsewhere"][0]["provider"], account["accounts_elsewhere"][0]["uid"]) == ("github", "7")
    assert [account["notifications"][name] for name in ("rhythm", "hour", "weekday")] == ["weekly", 7, 6]
    assert [(each["ip"], each["user_agent"]) for each in account["devices"]] == [("192.0.2.7", "Firefox")]
    assert "secret key" not in text
    (about,) = account["decisions_about_files"]
    assert (about["sha256"], about["review"], about["reason"]) == ("a" * 64, "rejected", "hate")
    assert decided["decided_by"].email not in text
    told = {name: account["notices"][0][name] for name in ("kind", "told_by", "reason", "photo")}
    assert told == {"kind": "rejected", "told_by": "none", "reason": "private", "photo": str(photo.pk)}


def test_photos_in_the_trash_are_in_it_and_those_of_others_are_not(aws: Any, me: Any) -> None:
    keep(aws, me, file_name="thrown.jpg", trashed_at=timezone.now(), cleared=False)
    keep(aws, make_user(), file_name="theirs.jpg")

    names = zip_of(aws, exports.begin(owner=me)).namelist()

    assert names == ["originals/thrown.jpg", "details/thrown.jpg.json", "account.json"]


def test_files_of_one_name_stand_beside_each_other(aws: Any, me: Any, small_parts: int) -> None:
    contents = [bytes([at]) * small_parts for at in range(3)]
    for content, name in zip(contents, ("image.jpg", "image.jpg", "IMAGE.jpg"), strict=True):
        keep(aws, me, content, file_name=name)

    archive = zip_of(aws, exports.begin(owner=me))

    names = ("originals/image.jpg", "originals/image (2).jpg", "originals/IMAGE (2).jpg")
    assert sorted(map(archive.read, names[:2])) == contents[:2]
    assert len({name.casefold() for name in archive.namelist()}) == 7


def test_a_person_without_photos_gets_what_is_known_of_the_account(aws: Any, me: Any) -> None:
    assert zip_of(aws, exports.begin(owner=me)).namelist() == ["account.json"]


# --- Made in parts, and stopped anywhere -----------------------------------------------------------------------------


class Killed(BaseException):
    """As SIGKILL: nothing of ours catches it."""


def kill_at(operation: str, *, call: int, has_effect: bool) -> None:
    """Kill whoever makes that call of S3, before or after it has had its effect."""
    made: list[str] = []

    def kill(**_: Any) -> None:
        made.append(operation)
        if len(made) == call:
            raise Killed

    site_aws.s3().meta.events.register(f"{'after' if has_effect else 'before'}-call.s3.{operation}", kill)


@pytest.mark.parametrize("has_effect", [False, True])
@pytest.mark.parametrize(
    ("operation", "call"),
    [("CreateMultipartUpload", 1), ("UploadPart", 1), ("UploadPart", 3), ("CompleteMultipartUpload", 1)],
)
def test_an_export_that_was_killed_goes_on_where_it_was(
    aws: Any, me: Any, small_parts: int, operation: str, call: int, has_effect: bool
) -> None:
    contents = [os.urandom(small_parts) for _ in range(3)]
    for at, content in enumerate(contents):
        keep(aws, me, content, file_name=f"{at}.jpg")
    kill_at(operation, call=call, has_effect=has_effect)
    with pytest.raises(Killed):
        exports.begin(owner=me)
    parts = ExportPart.objects.count()

    tasks.look_after_exports()

    export = Export.objects.get()
    assert (export.status, parts) == ("ready", {"UploadPart": call - 1, "CompleteMultipartUpload": 4}.get(operation, 0))
    archive = zip_of(aws, export)
    assert archive.testzip() is None
    assert [archive.read(f"originals/{at}.jpg") for at in range(3)] == contents
    assert len(archive.namelist()) == 7
    assert (export.photos_done, export.photos) == (3, 3)
    assert not ExportPart.objects.exists()


def test_what_a_task_has_no_time_for_is_done_by_the_next(
    aws: Any, me: Any, small_parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "TASK_SECONDS", -1)
    keep(aws, me)
    monkeypatch.setattr(tasks.make_export, "delay", lambda _: None)
    export = exports.begin(owner=me)
    assert exports.make(export.pk) is True
    assert Export.objects.get().status == "making"

    monkeypatch.setattr(exports, "TASK_SECONDS", 60)
    assert exports.make(export.pk) is False
    assert Export.objects.get().status == "ready"


def test_two_tasks_never_make_the_same_export(aws: Any, me: Any, small_parts: int) -> None:
    keep(aws, me)
    seen: list[bool] = []

    def make_beside(**_: Any) -> None:
        seen.append(exports.make(Export.objects.get().pk))

    before_call("UploadPart", make_beside)
    exports.begin(owner=me)

    assert seen == [False]
    assert len(mail.outbox) == 1


def test_whoever_lost_the_lease_writes_nothing_down(aws: Any, me: Any) -> None:
    keep(aws, me)

    def lose(**_: Any) -> None:
        Export.objects.update(claimed_by="another")

    before_call("UploadPart", lose)
    exports.begin(owner=me)

    assert not ExportPart.objects.exists()
    assert Export.objects.get().claimed_by == "another"
    assert mail.outbox == []


def forget_upload(*, call: int) -> None:
    """Let S3 know nothing of the upload, in the answer to that part: moto breaks where it knows none."""
    made: list[str] = []

    def answer(**_: Any) -> Any:
        made.append("UploadPart")
        error = {"Code": "NoSuchUpload", "Message": "test"}
        gone = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 404}}
        return (SimpleNamespace(status_code=404), gone) if len(made) == call else None

    before_call("UploadPart", answer)


def test_an_upload_that_s3_has_forgotten_is_begun_anew(aws: Any, me: Any, small_parts: int) -> None:
    keep(aws, me, b"x" * small_parts)
    forget_upload(call=2)

    export = exports.begin(owner=me)

    assert zip_of(aws, export).testzip() is None
    assert Export.objects.get().photos_done == 1


def test_one_that_gets_no_further_is_given_up_and_may_be_asked_for_again(aws: Any, me: Any, mine: Client) -> None:
    keep(aws, me)
    Export.objects.create(owner=me, tries=exports.MAX_TRIES)

    tasks.look_after_exports()

    assert Export.objects.get().status == "failed"
    assert "The last ZIP could not be made" in mine.get(PAGE).content.decode()
    mine.post(f"{PAGE}export/")
    assert exports.current(owner=me).status == "ready"


# --- One at a time, told about, and gone after two days --------------------------------------------------------------


def test_a_person_has_one_made_at_a_time(aws: Any, me: Any, mine: Client) -> None:
    making = Export.objects.create(owner=me, lease_until=timezone.now() + timedelta(minutes=1))

    mine.post(f"{PAGE}export/")

    assert Export.objects.get() == making
    page = mine.get(PAGE).content.decode()
    assert "0 of 0 photos are in it." in page
    assert "Make the ZIP" not in page


def test_a_new_one_replaces_the_one_before(aws: Any, me: Any) -> None:
    first, second = exports.begin(owner=me), exports.begin(owner=me)
    assert first != second

    tasks.look_after_exports()

    assert stored(aws) == [second.key]


def test_its_owner_is_told_in_their_language_where_to_have_it(aws: Any, me: Any, mine: Client) -> None:
    mine.post(f"{PAGE}export/", headers={"Accept-Language": "en"})

    [message] = mail.outbox
    assert message.to == [me.email]
    assert "http://testserver/settings/data/" in message.body
    assert str(Export.objects.get().pk) not in message.body


def test_its_owner_gets_it_from_s3_and_nobody_else_gets_anything(aws: Any, me: Any, mine: Client) -> None:
    keep(aws, me)
    export = exports.begin(owner=me)
    address = f"{PAGE}export/{export.pk}/"
    assert address in mine.get(PAGE).content.decode()

    answer = mine.get(address)

    assert "no-store" in answer.headers["Cache-Control"]
    file = requests.get(answer.headers["Location"], timeout=10)
    assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None
    assert file.headers["Content-Disposition"].startswith('attachment; filename="shoebox-')
    another = Client()
    another.force_login(make_user())
    assert another.get(address).status_code == 404
    assert mine.get(f"{PAGE}export/{uuid4()}/").status_code == 404


def test_after_two_days_it_is_gone(aws: Any, me: Any, mine: Client) -> None:
    export = exports.begin(owner=me)
    export.refresh_from_db()
    assert export.expires_at - export.finished_at == timedelta(days=2)
    Export.objects.update(expires_at=timezone.now())

    assert mine.get(f"{PAGE}export/{export.pk}/").status_code == 404
    assert "Make the ZIP" in mine.get(PAGE).content.decode()
    tasks.look_after_exports()
    assert stored(aws) == []
    assert not Export.objects.exists()


def test_what_is_erased_while_it_is_made_leaves_nothing(aws: Any, me: Any, small_parts: int) -> None:
    keep(aws, me, b"x" * small_parts)

    def erase(**_: Any) -> None:
        exports.erase(Export.objects.get())

    before_call("UploadPart", erase)
    forget_upload(call=1)
    exports.begin(owner=me)

    assert (stored(aws), uploads(aws)) == ([], [])
    assert not Export.objects.exists()


def test_its_owner_may_stop_it_and_nobody_else(aws: Any, me: Any, mine: Client) -> None:
    keep(aws, me)
    exports._open(exports._begin(me)[0])
    other = Client()
    other.force_login(make_user())
    other.post("/settings/data/export/cancel/")
    assert "Stop making it" in mine.get(PAGE).content.decode()

    mine.post("/settings/data/export/cancel/")

    assert not Export.objects.exists()
    assert uploads(aws) == []
    assert "Make the ZIP" in mine.get(PAGE).content.decode()


def test_all_that_is_kept_of_a_person_is_put_together_for_who_has_their_password(aws: Any, me: Any) -> None:
    keep(aws, me)
    mine, later = Client(), Client()
    mine.force_login(me)
    asked = mine.post(f"{PAGE}export/")
    assert asked.url.startswith(AGAIN)
    mine.post(asked.url, {"password": "a guess at it", "next": f"{PAGE}export/"})
    assert not Export.objects.exists()

    went_on = mine.post(asked.url, {"password": PASSWORD, "next": f"{PAGE}export/"})

    assert went_on.url == PAGE
    export = Export.objects.get()
    later.force_login(me)
    assert later.get(f"{PAGE}export/{export.pk}/").status_code == 302, "what is there is had without it"
    assert later.get(f"{PAGE}export/").url == PAGE


def test_a_person_asks_for_some_a_day_and_is_told_when_it_is_enough(aws: Any, me: Any, mine: Client) -> None:
    for _ in range(10):
        mine.post("/settings/data/export/")
        Export.objects.all().delete()
    answer = mine.post("/settings/data/export/", follow=True)
    assert not Export.objects.exists()
    assert "Ask for the next one tomorrow." in answer.content.decode()
