"""The log is added to, and that is all. Every way to change it is tried."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from tests.factories import make_user
from tests.webapp.review.cases import held, make_case, make_reviewer
from webapp.photos.models import Photo
from webapp.review import asking, decisions, log
from webapp.review.models import Actor, Case, Entry, LogIsFinal, Words

pytestmark = pytest.mark.django_db


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
    ours = list(apps.get_app_config("review").get_models())
    assert [model for model in ours if admin.site.is_registered(model)] == []
    assert [model._meta.default_permissions for model in ours] == [()] * len(ours)


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
