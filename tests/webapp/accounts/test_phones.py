"""Phone numbers count once they are confirmed: codes, guesses, replays, and how many are sent."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone, translation

from pipeline_lambdas.photo_pipeline import contract
from tests.pipeline_lambdas.photo_pipeline.test_notices import GSM
from webapp import aws as site_aws
from webapp.accounts import notice_views, phones, preferences, sms
from webapp.accounts.models import NotificationPreferences, PhoneCode, User

from .factories import make_preferences, make_user

pytestmark = pytest.mark.django_db
PAGE = "/settings/notifications/"
NUMBER = "+34612345678"
CODE, CONFIRM = "/settings/phone/code/", "/settings/phone/confirm/"


@pytest.fixture
def texts(aws: SimpleNamespace) -> Any:
    """`texts()` are the messages that went out, as (number, text)."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sns.models import sns_backends

    sns = sns_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"]
    return lambda: [(number, text) for number, text, *_ in sns.sms_messages.values()]


def by_sms(**overrides: Any) -> NotificationPreferences:
    return make_preferences(**{"channel": "sms", "phone": NUMBER, **overrides})


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def code_in(text: str) -> str:
    (code,) = re.findall(r"\b\d{6}\b", text)
    return str(code)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def words(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def send(user: User, texts: Any) -> str:
    phones.send_code(user=user)
    return code_in(texts()[-1][1])


def is_confirmed(chosen: NotificationPreferences) -> bool:
    chosen.refresh_from_db()
    return chosen.phone_confirmed_at is not None


# --- The way that is meant ---


def test_a_code_confirms_the_number_and_the_pipeline_gets_it(aws: SimpleNamespace, texts: Any) -> None:
    chosen = by_sms()
    client = logged_in(chosen.user)
    assert "Send a code" in client.get(PAGE).content.decode()

    client.post(CODE)
    ((number, text),) = texts()
    assert "Send another code" in client.get(PAGE).content.decode()
    response = client.post(CONFIRM, {"code": f" {code_in(text)[:3]} {code_in(text)[3:]} "})

    assert (number, response.url) == (NUMBER, PAGE)
    assert "Your phone number is confirmed." in words(response)
    item = aws.table.get_item(Key=contract.preferences_item_key(str(chosen.pk)))["Item"]
    assert (item["channel"], item["phone"]) == ("sms", NUMBER)
    assert "Confirm your phone number" not in client.get(PAGE).content.decode()


def test_a_number_that_is_not_confirmed_gets_nothing_and_every_page_says_so() -> None:
    chosen = by_sms()

    record = chosen.as_record()

    assert (record.channel, record.phone) == ("none", "")
    assert "before your phone number is confirmed" in logged_in(chosen.user).get("/settings/data/").content.decode()


def test_who_is_told_by_mail_is_not_bothered_with_a_number_that_is_not_confirmed() -> None:
    chosen = by_sms(channel="mail")
    assert chosen.as_record().phone == ""
    assert "before your phone number" not in logged_in(chosen.user).get("/settings/data/").content.decode()


@pytest.mark.parametrize("phone", ["+34687654321", ""])
def test_another_number_is_not_confirmed(phone: str) -> None:
    chosen = by_sms(phone_confirmed_at=timezone.now())

    preferences.choose(user=chosen.user, channel="mail", only_problems=False, phone=phone)

    assert not is_confirmed(chosen)


def test_the_same_number_saved_again_stays_confirmed() -> None:
    chosen = by_sms(phone_confirmed_at=timezone.now())

    preferences.choose(user=chosen.user, channel="sms", only_problems=True, phone=NUMBER)

    assert is_confirmed(chosen)


def test_without_a_number_no_code_is_sent(texts: Any) -> None:
    chosen = make_preferences()
    assert logged_in(chosen.user).post(CODE).url == PAGE
    assert not phones.send_code(user=make_user())
    assert texts() == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_code_fits_one_text_message_of_gsm_characters(texts: Any, language: str) -> None:
    with translation.override(language):
        phones.send_code(user=by_sms().user)
    ((_number, text),) = texts()
    assert len(text) <= 160
    assert set(text) <= GSM


# --- Guessing and replaying ---


def test_a_code_is_tried_five_times_and_then_even_the_right_one_opens_nothing(texts: Any) -> None:
    chosen = by_sms()
    code = send(chosen.user, texts)

    guesses = [another(code)] * PhoneCode.TRIES

    assert [phones.confirm(user=chosen.user, code=guess) for guess in guesses] == [False] * PhoneCode.TRIES
    assert not phones.confirm(user=chosen.user, code=code)
    assert not is_confirmed(chosen)


def test_a_guesser_who_goes_on_for_a_day_tries_twenty_five_codes_of_a_million(
    monkeypatch: pytest.MonkeyPatch, texts: Any
) -> None:
    chosen = by_sms()
    tried: list[str] = []
    compare = phones.constant_time_compare
    monkeypatch.setattr(phones, "constant_time_compare", lambda *both: tried.append("one") or compare(*both))

    for _day_long in range(30):
        try:
            wrong = another(send(chosen.user, texts))
        except sms.TooManyError:
            wrong = "000000"
        for _ in range(10):
            assert not phones.confirm(user=chosen.user, code=wrong)

    assert len(texts()) == phones.CODES_A_DAY
    assert len(tried) == phones.CODES_A_DAY * PhoneCode.TRIES


def test_a_code_is_used_once(texts: Any) -> None:
    chosen = by_sms()
    code = send(chosen.user, texts)
    assert phones.confirm(user=chosen.user, code=code)
    preferences.choose(user=chosen.user, channel="sms", only_problems=False, phone="+34687654321")
    preferences.choose(user=chosen.user, channel="sms", only_problems=False, phone=NUMBER)

    assert not phones.confirm(user=chosen.user, code=code)
    assert not is_confirmed(chosen)


def test_a_code_is_too_old_after_ten_minutes(texts: Any) -> None:
    chosen = by_sms()
    code = send(chosen.user, texts)
    PhoneCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert not phones.confirm(user=chosen.user, code=code)
    sent = PhoneCode.objects.get()
    assert (sent.tries, sent.is_open) == (0, False)


def test_a_new_code_takes_the_place_of_the_last_one(texts: Any) -> None:
    chosen = by_sms()
    first = send(chosen.user, texts)
    while (second := send(chosen.user, texts)) == first:
        pass

    assert not phones.confirm(user=chosen.user, code=first)
    assert phones.confirm(user=chosen.user, code=second)


def test_the_code_of_one_number_does_not_confirm_another(texts: Any) -> None:
    chosen = by_sms()
    code = send(chosen.user, texts)
    preferences.choose(user=chosen.user, channel="sms", only_problems=False, phone="+34687654321")

    assert not phones.confirm(user=chosen.user, code=code)
    assert not is_confirmed(chosen)


def test_the_code_of_one_person_does_not_confirm_for_another(texts: Any) -> None:
    mine, theirs = by_sms(), by_sms()
    code = send(mine.user, texts)
    send(theirs.user, texts)

    PhoneCode.objects.filter(user=theirs.user).update(digest=PhoneCode.objects.get(user=mine.user).digest)

    assert not phones.confirm(user=theirs.user, code=code)


def test_what_is_stored_does_not_tell_the_code(texts: Any, settings: Any) -> None:
    """Whoever reads the table goes through a million codes in a second, but lacks the key."""
    chosen = by_sms()
    code = send(chosen.user, texts)
    stored = PhoneCode.objects.get().digest

    settings.SECRET_KEY = "not the one"

    assert code not in stored
    assert phones._digest(chosen.user, NUMBER, code) != stored


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "١٢٣٤٥٦", "x" * 5000])
def test_what_is_no_code_is_said_to_be_wrong(texts: Any, code: str) -> None:
    chosen = by_sms()
    client = logged_in(chosen.user)
    client.post(CODE)

    assert words(client.post(CONFIRM, {"code": code}))[-1] == str(notice_views.WRONG_CODE)
    assert not is_confirmed(chosen)


# --- How many are sent ---


def test_one_person_gets_five_codes_a_day_whatever_the_number(texts: Any) -> None:
    chosen = by_sms()
    for number in range(phones.CODES_A_DAY):
        preferences.choose(user=chosen.user, channel="sms", only_problems=False, phone=f"+3461234567{number}")
        send(chosen.user, texts)

    preferences.choose(user=chosen.user, channel="sms", only_problems=False, phone="+34612345670")
    with pytest.raises(sms.TooManyError):
        phones.send_code(user=chosen.user)
    assert len(texts()) == phones.CODES_A_DAY


def test_one_number_gets_five_codes_a_day_whoever_asks(texts: Any) -> None:
    for _ in range(phones.CODES_A_DAY):
        send(by_sms().user, texts)

    with pytest.raises(sms.TooManyError):
        phones.send_code(user=by_sms().user)
    assert len(texts()) == phones.CODES_A_DAY


def test_codes_are_counted_with_the_notices_of_a_person_and_of_everybody(
    aws: SimpleNamespace, texts: Any, settings: Any
) -> None:
    now = timezone.now().isoformat()
    chosen = by_sms()
    aws.table.put_item(Item={**contract.sms_of_person_key(str(chosen.pk), now), "sent": contract.SMS_A_DAY_EACH})
    with pytest.raises(sms.TooManyError):
        phones.send_code(user=chosen.user)

    settings.SMS_A_DAY = 1
    send(by_sms(phone="+34600000001").user, texts)
    with pytest.raises(sms.TooManyError):
        phones.send_code(user=by_sms(phone="+34600000002").user)
    assert len(texts()) == 1


@pytest.mark.parametrize("cap", ["person", "all"])
def test_a_code_that_was_sent_stays_good_when_another_one_may_not_be_sent(
    aws: SimpleNamespace, texts: Any, settings: Any, cap: str
) -> None:
    chosen, now = by_sms(), timezone.now().isoformat()
    code = send(chosen.user, texts)
    if cap == "person":
        aws.table.put_item(Item={**contract.sms_of_person_key(str(chosen.pk), now), "sent": contract.SMS_A_DAY_EACH})
    else:
        settings.SMS_A_DAY = 1
    with pytest.raises(sms.TooManyError):
        phones.send_code(user=chosen.user)
    assert phones.confirm(user=chosen.user, code=code)


def test_a_count_does_not_tell_the_number(aws: SimpleNamespace, texts: Any) -> None:
    send(by_sms().user, texts)
    assert NUMBER.strip("+") not in str(aws.table.scan()["Items"])


def test_a_day_over_its_count_is_said_in_words(texts: Any) -> None:
    chosen = by_sms()
    for _ in range(phones.CODES_A_DAY):
        phones.send_code(user=chosen.user)

    assert words(logged_in(chosen.user).post(CODE)) == [str(notice_views.ENOUGH_TODAY)]


def test_a_person_who_asks_all_the_time_is_told_to_wait(texts: Any) -> None:
    chosen = by_sms()
    client = logged_in(chosen.user)
    said = [words(client.post(CODE))[-1] for _ in range(4)]

    assert said[-1] == str(notice_views.TOO_OFTEN)
    assert len(texts()) == 3


def test_one_address_cannot_ask_for_many_people(texts: Any) -> None:
    for number in range(25):
        logged_in(by_sms(phone=f"+346123450{number:02}").user).post(CODE)
    assert len(texts()) == 20


def test_tries_are_limited_for_a_person_whatever_the_code(texts: Any) -> None:
    client = logged_in(by_sms().user)
    said = [words(client.post(CONFIRM, {"code": "000000"}))[-1] for _ in range(21)]
    assert said[-2:] == [str(notice_views.WRONG_CODE), str(notice_views.TOO_OFTEN)]


# --- AWS does not answer ---


def no_answer(**_: Any) -> None:
    raise EndpointConnectionError(endpoint_url="https://sns.eu-west-1.amazonaws.com")


def test_a_code_that_could_not_be_sent_is_said_and_not_sent_twice(texts: Any) -> None:
    tried: list[int] = []
    client = logged_in(by_sms().user)
    site_aws.sms().meta.events.register("before-send.sns.Publish", lambda **_: tried.append(1) or no_answer())

    assert words(client.post(CODE)) == [str(notice_views.NOT_SENT)]
    assert tried == [1]


def test_nothing_is_sent_that_could_not_be_counted(aws: SimpleNamespace, texts: Any) -> None:
    client = logged_in(by_sms().user)
    aws.table.delete()

    assert words(client.post(CODE)) == [str(notice_views.NOT_SENT)]
    assert texts() == []
