"""The notifications page: what is chosen, what the pipeline reads of it, and when DynamoDB does not answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import EndpointConnectionError
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from tests.conftest import TABLE
from webapp import aws as site_aws
from webapp.accounts import preferences, tasks, unsubscribe, views
from webapp.accounts.models import NotificationPreferences, User

from .factories import make_preferences, make_user

pytestmark = pytest.mark.django_db
PAGE = "/settings/notifications/"


def choose(client: Client, **overrides: str) -> Any:
    whole = {"channel": "mail", "phone": "", "rhythm": "batch", "hour": "8", "weekday": "0", "time_zone": "UTC",
             "quiet_from": "", "quiet_to": "", "language": "en"}  # fmt: skip
    return client.post(PAGE, {**whole, **overrides})


def fail_once(aws: SimpleNamespace, operation: str) -> list[str]:
    """Let DynamoDB not answer the next call of that name; the list holds what was not answered."""
    failed: list[str] = []

    def refuse(**_: Any) -> None:
        if not failed:
            failed.append(operation)
            raise EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

    site_aws.table().meta.client.meta.events.register(f"before-call.dynamodb.{operation}", refuse)
    return failed


def copied(aws: SimpleNamespace, user: User) -> contract.Preferences | None:
    item = aws.table.get_item(Key=contract.preferences_item_key(str(user.pk))).get("Item")
    return contract.from_item(contract.Preferences, item) if item else None


def words(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_saved_choice_is_what_the_pipeline_reads(client: Client, aws: SimpleNamespace) -> None:
    user = make_user(email="ana@example.org")
    client.force_login(user)

    response = choose(client, channel="sms", phone="+34 612 345 678", only_problems="on")

    assert (response.status_code, response.url) == (302, PAGE)
    assert words(response) == [views.SAVED]
    # The number counts once it is confirmed: test_phones.py.
    assert copied(aws, user) == contract.Preferences(
        owner_id=str(user.pk),
        channel="none",
        digest_channel="none",
        silent="phone",
        only_problems=True,
        email="ana@example.org",
        unsubscribe_url=unsubscribe.url_for(user.pk),
    )
    chosen = NotificationPreferences.objects.get(user=user)
    assert (chosen.channel, chosen.phone) == ("sms", "+34612345678")
    assert not NotificationPreferences.objects.waiting().exists()


def test_someone_who_has_not_chosen_is_told_by_mail_and_sees_so(client: Client, aws: SimpleNamespace) -> None:
    user = make_user(email="ana@example.org")
    client.force_login(user)

    page = client.get(PAGE)

    assert page.context["form"]["channel"].value() == "mail"
    assert not page.context["waits"]
    assert copied(aws, user) == contract.Preferences(
        owner_id=str(user.pk),
        channel="mail",
        digest_channel="mail",
        email="ana@example.org",
        unsubscribe_url=unsubscribe.url_for(user.pk),
    )


def test_looking_changes_no_choice(client: Client, aws: SimpleNamespace) -> None:
    chosen = make_preferences(channel="none")
    client.force_login(chosen.user)

    client.get(PAGE)

    chosen.refresh_from_db()
    assert (chosen.channel, chosen.revision) == ("none", 1)


def test_a_second_choice_replaces_the_first(client: Client, aws: SimpleNamespace) -> None:
    user = make_user()
    client.force_login(user)
    choose(client, channel="sms", phone="+34612345678")

    choose(client, channel="none")

    record = copied(aws, user)
    assert record is not None
    assert (record.channel, record.phone) == ("none", "")


def test_text_messages_without_a_number_are_refused_and_nothing_typed_is_lost(
    client: Client, aws: SimpleNamespace
) -> None:
    user = make_user()
    client.force_login(user)

    response = choose(client, channel="sms", only_problems="on")

    page = response.content.decode()
    assert response.status_code == 200
    assert "Enter a phone number to get text messages, or choose another way." in page
    assert 'href="#id_phone"' in page, "the summary links to the field"
    form = response.context["form"]
    assert (form["channel"].value(), form["only_problems"].value()) == ("sms", True)
    assert NotificationPreferences.objects.get(user=user).channel == "mail"


@pytest.mark.parametrize("phone", ["612345678", "+34", "hello", "+1 555 0100 0100 0100 0100"])
def test_a_number_that_cannot_be_reached_is_refused_in_words(client: Client, aws: SimpleNamespace, phone: str) -> None:
    client.force_login(make_user())

    response = choose(client, channel="sms", phone=phone)

    assert "Start with + and the country code" in response.content.decode()
    assert response.context["form"]["phone"].value() == phone
    assert not NotificationPreferences.objects.filter(channel="sms").exists()


def test_rhythm_quiet_hours_and_language_are_what_the_pipeline_reads(client: Client, aws: SimpleNamespace) -> None:
    user = make_user()
    client.force_login(user)

    choose(client, rhythm="weekly", weekday="6", hour="19", time_zone="Europe/Berlin", quiet_from="22", quiet_to="7",
           language="de")  # fmt: skip

    record = copied(aws, user)
    assert record is not None
    assert (record.channel, record.digest_channel) == ("none", "mail"), "the pipeline tells nothing of a batch"
    assert (record.quiet_from, record.quiet_to, record.time_zone) == (22, 7, "Europe/Berlin")
    assert record.language == "de"
    due = NotificationPreferences.objects.get(user=user).next_digest_at
    assert due is not None
    assert due.astimezone(ZoneInfo("Europe/Berlin")).strftime("%w %H:%M") == "0 19:00"


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({"quiet_from": "22"}, "quiet_to"),
        ({"quiet_to": "7"}, "quiet_to"),
        ({"quiet_from": "7", "quiet_to": "7"}, "quiet_to"),
        ({"quiet_from": "24", "quiet_to": "7"}, "quiet_from"),
        ({"hour": "24"}, "hour"),
        ({"weekday": "7"}, "weekday"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"language": "tlh"}, "language"),
        ({"rhythm": "hourly"}, "rhythm"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_and_changes_nothing(
    client: Client, aws: SimpleNamespace, choice: dict[str, str], field: str
) -> None:
    chosen = make_preferences(channel="none")
    client.force_login(chosen.user)

    assert field in choose(client, **choice).context["form"].errors
    chosen.refresh_from_db()
    assert (chosen.channel, chosen.revision) == ("none", 1)


def test_the_browsers_zone_is_proposed_until_one_is_chosen(client: Client, aws: SimpleNamespace) -> None:
    client.force_login(make_user())
    assert "data-zone" in client.get(PAGE).content.decode()
    choose(client, time_zone="America/Argentina/Buenos_Aires")
    page = client.get(PAGE).content.decode()
    assert "data-zone" not in page
    assert '<option value="America/Argentina/Buenos_Aires" selected>Argentina, Buenos Aires</option>' in page


def test_notices_come_in_the_language_that_the_site_had_when_they_were_first_looked_at(
    client: Client, aws: SimpleNamespace
) -> None:
    user = make_user()
    client.force_login(user)
    client.get(PAGE, headers={"Accept-Language": "de-AT"})
    assert NotificationPreferences.objects.get(user=user).language == "de"


def test_an_unknown_channel_is_refused(client: Client, aws: SimpleNamespace) -> None:
    client.force_login(make_user())

    assert "channel" in choose(client, channel="pigeon").context["form"].errors


def test_a_choice_survives_a_dynamodb_that_does_not_take_it(client: Client, aws: SimpleNamespace) -> None:
    user = make_user()
    client.force_login(user)
    aws.table.delete()

    response = choose(client, channel="none")

    assert words(response) == [views.SAVED_NOT_COPIED]
    chosen = NotificationPreferences.objects.get(user=user)
    assert (chosen.channel, chosen.is_waiting) == ("none", True)
    assert "on its way to the notifier" in client.get(PAGE).content.decode()


def test_what_waits_is_copied_once_dynamodb_is_back(aws: SimpleNamespace) -> None:
    chosen = make_preferences(channel="none")

    tasks.push_waiting_preferences()

    record = copied(aws, chosen.user)
    assert record is not None
    assert record.channel == "none"
    assert not NotificationPreferences.objects.waiting().exists()


def test_what_was_copied_is_not_copied_again(aws: SimpleNamespace) -> None:
    chosen = make_preferences()
    tasks.push_preferences(str(chosen.pk))
    aws.table.delete_item(Key=contract.preferences_item_key(str(chosen.pk)))

    tasks.push_waiting_preferences()

    assert copied(aws, chosen.user) is None


def test_a_task_that_dynamodb_refuses_fails_as_a_copy_error(aws: SimpleNamespace) -> None:
    chosen = make_preferences()
    aws.table.delete()

    with pytest.raises(preferences.CopyError):
        preferences.copy(str(chosen.pk))


def test_a_choice_made_while_the_last_one_is_copied_is_the_one_that_stays(aws: SimpleNamespace) -> None:
    chosen = make_preferences(channel="mail")
    puts: list[str] = []

    def choose_anew_once(**_: Any) -> None:
        puts.append("put")
        if len(puts) == 1:
            preferences.choose(user=chosen.user, channel="none", only_problems=False, phone="")

    site_aws.table().meta.client.meta.events.register("before-call.dynamodb.PutItem", choose_anew_once)
    preferences.copy(str(chosen.pk))

    record = copied(aws, chosen.user)
    assert record is not None
    assert record.channel == "none"
    assert len(puts) == 2
    assert not NotificationPreferences.objects.waiting().exists()


def test_the_copy_of_someone_who_is_gone_is_not_made(aws: SimpleNamespace) -> None:
    user = make_user()
    user_id = str(user.pk)
    user.delete()

    tasks.push_preferences(user_id)

    assert aws.client("dynamodb").scan(TableName=TABLE)["Count"] == 0


def test_saving_changes_nobody_else(client: Client, aws: SimpleNamespace) -> None:
    other = make_preferences(channel="mail")
    client.force_login(make_user())

    choose(client, channel="none")

    other.refresh_from_db()
    assert (other.channel, other.revision) == ("mail", 1)


def test_a_stranger_is_sent_to_log_in(client: Client) -> None:
    assert client.get(PAGE).url == f"{reverse('account_login')}?next={PAGE}"
    assert client.post(PAGE, {"channel": "none"}).status_code == 302


def test_deleting_a_person_forgets_address_and_phone(
    aws: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    chosen, other = make_preferences(channel="sms", phone="+34612345678"), make_preferences()
    user_id = str(chosen.pk)
    tasks.push_waiting_preferences()

    with django_capture_on_commit_callbacks(execute=True):
        chosen.user.delete()

    assert "Item" not in aws.table.get_item(Key=contract.preferences_item_key(user_id))
    assert copied(aws, other.user) is not None


def test_a_deletion_that_is_taken_back_forgets_nothing(
    aws: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    chosen = make_preferences()
    user_id = str(chosen.pk)
    tasks.push_waiting_preferences()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        chosen.user.delete()
        transaction.set_rollback(True)

    assert "Item" in aws.table.get_item(Key=contract.preferences_item_key(user_id))


def test_a_person_is_deleted_when_dynamodb_does_not_answer_and_forgotten_later(
    aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    chosen = make_preferences()
    user_id = str(chosen.pk)
    tasks.push_waiting_preferences()
    refusals = fail_once(aws, "DeleteItem")

    with django_capture_on_commit_callbacks(execute=True):
        chosen.user.delete()

    assert refusals == ["DeleteItem"]
    assert not User.objects.filter(pk=user_id).exists()
    assert "Item" not in aws.table.get_item(Key=contract.preferences_item_key(user_id))
