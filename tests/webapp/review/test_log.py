"""The log is added to, and that is all. Every way to change it is tried."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from tests.factories import make_photo, make_staff, make_user
from tests.webapp.review.cases import HARMLESS, SURE, UNSURE, found, held, make_case, make_reviewer
from webapp.photos import trash
from webapp.photos.models import Photo
from webapp.review import asking, decisions, log
from webapp.review.models import Actor, Case, Entry, LogIsFinal, Words

pytestmark = pytest.mark.django_db
OURS = list(apps.get_app_config("review").get_models())


@pytest.fixture
def entry() -> Entry:
    case, reviewer = make_case(), make_reviewer()
    decisions.reject(reviewer=reviewer, case_id=held(case, reviewer).pk, reason="hate", words="Look at it.")
    return Entry.objects.get()


def _save(entry: Entry) -> None:
    entry.action = "approved"
    entry.save()


def _save_a_copy(entry: Entry) -> None:
    Entry(pk=entry.pk, case=entry.case, action="approved", before="none", after="approved").save()


def _write_over(entry: Entry) -> None:
    Entry.objects.bulk_create([entry], update_conflicts=True, update_fields=["action"], unique_fields=["id"])


BY_THE_MODELS: list[Callable[[Entry], object]] = [
    _save,
    _save_a_copy,
    _write_over,
    lambda entry: entry.delete(),
    lambda _entry: Entry.objects.all().delete(),
    lambda _entry: Entry.objects.filter(action="rejected").update(action="approved"),
    lambda entry: Entry.objects.bulk_update([entry], ["action"]),
    lambda entry: Entry.objects.update_or_create(pk=entry.pk, defaults={"action": "approved"}),
    lambda _entry: Entry._base_manager.all().delete(),
    lambda _entry: Entry._default_manager.all()._raw_delete(using="default"),
]


@pytest.mark.parametrize("change", BY_THE_MODELS)
def test_the_models_refuse_every_change(entry: Entry, change: Callable[[Entry], object]) -> None:
    with pytest.raises(LogIsFinal):
        change(entry)
    assert Entry.objects.get().action == "rejected"


REPLACE = (
    "INSERT OR REPLACE INTO review_entry (id, at, 'case', action, 'before', 'after', reason) "
    "SELECT id, at, 'case', 'approved', 'before', 'after', reason FROM review_entry"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review_entry SET action = 'approved'",
        "UPDATE review_entry SET reason = '' WHERE action = 'rejected'",
        "DELETE FROM review_entry",
        pytest.param(REPLACE, marks=pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own words")),
    ],
)
def test_the_database_refuses_what_goes_past_the_models(entry: Entry, statement: str) -> None:
    with connection.cursor() as cursor:
        with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute("SELECT action, reason FROM review_entry")
        assert cursor.fetchall() == [("rejected", "hate")]


@pytest.mark.django_db(transaction=True)
def test_the_whole_site_is_not_emptied_once_there_is_a_log(entry: Entry) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("flush", interactive=False, verbosity=0)
    assert "cannot be changed" in str(refused.value.__cause__)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="cannot be changed"):
            cursor.execute("TRUNCATE review_entry CASCADE")
    assert Entry.objects.get() == entry


def test_no_permission_and_no_page_of_the_admin_is_about_the_log(entry: Entry) -> None:
    assert [model for model in OURS if admin.site.is_registered(model)] == []
    assert [model._meta.default_permissions for model in OURS] == [()] * len(OURS)


def test_the_log_says_ids_and_codes_alone(entry: Entry) -> None:
    case, (actor,) = Case.objects.get(), Actor.objects.all()
    assert (entry.case, entry.actor) == (case.pk, actor.pk)
    said = [str(getattr(entry, field.attname)) for field in Entry._meta.fields]
    for secret in (actor.person_id, actor.person.email, case.photo_id, case.owner_id, "Look"):
        assert all(str(secret) not in text for text in said)


def test_words_and_names_go_with_photo_and_account_and_the_log_stays() -> None:
    owner, reviewer = make_user(), make_reviewer()
    case = make_case(owner)
    decisions.reject(reviewer=reviewer, case_id=held(case, reviewer).pk, reason="hate", words="Look at it.")
    case.refresh_from_db()
    asking.appeal(photo=case.photo, words="I did.")
    assert Words.objects.count() == 2
    reviewer.delete()
    assert [words.text for words in Words.objects.all()] == ["I did."]
    Photo.objects.get().delete()
    owner.delete()
    assert [model.objects.count() for model in (Words, Case, Actor)] == [0, 0, 0]
    lines, _more = log.page()
    assert [(line.entry.action, line.who, line.words) for line in lines] == [
        ("appealed", "An account that is gone", ""),
        ("rejected", "An account that is gone", ""),
    ]


# --- All that is done is in it ---


def told(case: Case) -> list[tuple[str, str, str, str]]:
    """(who, action, before, after), the oldest first."""
    lines = reversed(log.of(case))
    return [(line.who, line.entry.action, line.entry.before, line.entry.after) for line in lines]


def test_who_did_what_from_the_first_finding_to_the_end_is_in_the_log(aws: Any) -> None:
    owner, ann, ben = make_user(), make_reviewer(), make_reviewer()
    photo = found(aws, make_photo(owner), UNSURE)
    case = photo.case
    found(aws, photo, SURE)
    found(aws, photo, HARMLESS)
    asking.report(photo=photo, reason="private")
    found(aws, photo, SURE)
    found(aws, photo, HARMLESS)
    decisions.put_off(reviewer=ann, case_id=held(case, ann).pk)
    decisions.approve(reviewer=ann, case_id=held(case, ann).pk)
    decisions.undo(reviewer=ann)
    decisions.reject(reviewer=ann, case_id=case.pk, reason="private")
    asking.appeal(photo=photo, words="It is I.")
    decisions.approve(reviewer=ben, case_id=held(case, ben).pk)
    trash.throw_away(owner=owner, photo_ids=[photo.pk])
    trash.delete(owner=owner, photo_ids=[photo.pk])
    assert told(case) == [
        ("Shoebox", "flagged", "none", "flagged"),
        ("Shoebox", "quarantined", "flagged", "quarantined"),
        ("Shoebox", "passed", "quarantined", "none"),
        ("Somebody with a link", "reported", "none", "flagged"),
        ("Shoebox", "quarantined", "flagged", "quarantined"),
        ("Shoebox", "passed", "quarantined", "flagged"),
        (ann.email, "later", "flagged", "flagged"),
        (ann.email, "approved", "flagged", "approved"),
        (ann.email, "undone", "approved", "flagged"),
        (ann.email, "rejected", "flagged", "rejected"),
        (owner.email, "appealed", "rejected", "rejected"),
        (ben.email, "approved", "rejected", "approved"),
        (owner.email, "deleted", "approved", "approved"),
    ]
    moments = list(Entry.objects.order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)


def test_staff_who_delete_a_photo_instead_of_deciding_on_it_are_in_the_log(aws: Any, client: Client) -> None:
    root, case = make_staff(), make_case(review="quarantined")
    client.force_login(root, backend="webapp.accounts.backends.ModelBackend")
    fields = {"action": "delete_photos", "_selected_action": [str(case.photo_id)], "confirmed": "yes"}
    client.post("/admin/photos/photo/", fields)
    assert Photo.objects.get().status == "deleting"
    assert told(case) == [(root.email, "deleted", "quarantined", "quarantined")]


# --- By the site's own pages ---


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make_staff(), backend="webapp.accounts.backends.ModelBackend")
    return client


@pytest.mark.parametrize("is_bulk", [False, True])
def test_deleting_a_reviewer_in_the_admin_takes_their_name_and_no_entry(
    aws: Any, root: Client, entry: Entry, is_bulk: bool
) -> None:
    reviewer = Actor.objects.get().person
    if is_bulk:
        fields = {"action": "delete_selected", "_selected_action": [str(reviewer.pk)], "post": "yes"}
        root.post("/admin/accounts/user/", fields)
    else:
        root.post(f"/admin/accounts/user/{reviewer.pk}/delete/", {"post": "yes"})
    assert not type(reviewer).objects.filter(pk=reviewer.pk).exists()
    assert [(line.entry, line.who, line.words) for line in log.page()[0]] == [(entry, "An account that is gone", "")]


def test_nobody_deletes_in_the_admin_whom_a_decision_is_about(aws: Any, root: Client, entry: Entry) -> None:
    owner = Case.objects.get().owner
    root.post(f"/admin/accounts/user/{owner.pk}/delete/", {"post": "yes"})
    assert Case.objects.get().owner == owner, "an account goes after its photos, and by its own page"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_the_page_of_the_log_takes_nothing(aws: Any, root: Client, entry: Entry, method: str) -> None:
    answer = getattr(root, method)("/admin/review/log/", {"entry": entry.pk, "action": "approved"})
    assert answer.status_code == 405
    assert Entry.objects.get().action == "rejected"


def test_the_admin_has_no_page_about_what_the_review_keeps(aws: Any, root: Client, entry: Entry) -> None:
    paths = ["", "add/", f"{entry.pk}/change/", f"{entry.pk}/delete/", f"{entry.pk}/history/"]
    for address in (f"/admin/review/{model._meta.model_name}/{path}" for model in OURS for path in paths):
        assert root.get(address).status_code == root.post(address, {"post": "yes"}).status_code == 404, address


def test_a_dump_of_other_rows_does_not_write_over_the_log(entry: Entry, tmp_path: Path) -> None:
    row = {"model": "review.entry", "pk": entry.pk, "fields": {"case": str(entry.case), "action": "approved"}}
    (tmp_path / "other.json").write_text(json.dumps([row]))
    with pytest.raises((DatabaseError, LogIsFinal)), transaction.atomic():
        call_command("loaddata", str(tmp_path / "other.json"), verbosity=0)
    assert Entry.objects.get().action == "rejected"
