from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline.contract import (
    Batch,
    Failure,
    Kind,
    Label,
    Original,
    Photo,
    Preferences,
    Reason,
    Refusal,
    is_quiet,
    reason,
)
from pipeline_lambdas.photo_pipeline.notice_words import LANGUAGES
from pipeline_lambdas.photo_pipeline.notices import Details, Notice, compose, told_by, top_labels, wants
from webapp.photos import sentences

SITE = "https://photos.example.org"
GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
          "abcdefghijklmnopqrstuvwxyzäöñüà")  # fmt: skip


def make_batch(ready: int = 0, rejected: int = 0, failed: int = 0, **overrides: Any) -> Batch:
    ids = [str(number) for number in range(ready + rejected + failed)]
    return Batch(
        batch_id="b",
        owner_id="o",
        expected=len(ids),
        ready=set(ids[:ready]),
        rejected=set(ids[ready : ready + rejected]),
        failed=set(ids[ready + rejected :]),
        **overrides,
    )


def make_preferences(**overrides: object) -> Preferences:
    return Preferences(**{"owner_id": "o", "channel": "mail", "email": "ada@example.org"} | overrides)  # type: ignore[arg-type]


def make_notice(batch: Batch, *reasons: Reason, labels: Sequence[str] = (), **preferences: object) -> Notice:
    return compose(batch, Details(reasons, labels), make_preferences(**preferences), site_url=SITE)


@pytest.mark.parametrize(
    ("batch", "subject"),
    [
        (make_batch(ready=1), "1 photo ready"),
        (make_batch(ready=5), "5 photos ready"),
        (make_batch(ready=4, rejected=1), "4 photos ready, 1 could not be read"),
        (make_batch(rejected=2, failed=1), "2 photos could not be read, 1 failed"),
        (make_batch(), "0 photos ready"),
    ],
)
def test_subject_says_how_the_batch_ended(batch: Batch, subject: str) -> None:
    assert make_notice(batch).subject == subject


def test_each_reason_is_said_once_with_its_count_and_how_many_have_another() -> None:
    reasons = [reason(Refusal.DAMAGED), reason(Refusal.DAMAGED), reason(Failure.LABELS)]
    notice = make_notice(make_batch(ready=1, rejected=2, failed=6), *reasons)
    assert notice.text.count(reason(Refusal.DAMAGED).text) == 1
    assert "(2 photos)" in notice.text
    assert "Not listed here: 5" in notice.text
    assert f"{SITE}/gallery/" in notice.text


def test_a_german_notice_says_its_reasons_in_german_and_writes_numbers_so() -> None:
    large = reason(Refusal.TOO_LARGE, megabytes="61.5", limit=50)
    notice = make_notice(make_batch(ready=2, rejected=1), large, labels=["Cat"], language="de")
    assert notice.subject == "2 Fotos fertig, 1 nicht lesbar"
    assert "61,5 MB" in notice.text
    assert "Was sie zeigen: Cat" in notice.text


@pytest.mark.parametrize("code", [*Refusal, *Failure])
def test_a_reason_is_said_in_german_as_on_the_site(code: Refusal | Failure) -> None:
    facts: dict[str, Any] = {"megabytes": "61.5", "limit": 50, "width": 40, "height": 30, "megapixels": 120}
    facts["until"] = "1 March 2027"
    with translation.override("de"):
        assert LANGUAGES["de"].said(reason(code, **facts)) == sentences.said(reason(code, **facts))


def test_a_reason_that_nobody_knows_is_said_as_it_is_stored() -> None:
    assert "As it stands" in make_notice(make_batch(rejected=1), Reason("x", "As it stands"), language="de").text


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("ends", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 2, 1), (0, 0, 0), (0, 4, 5)])
def test_a_summary_is_the_one_of_the_site(language: str, ends: tuple[int, int, int]) -> None:
    batch = make_batch(*ends)
    with translation.override(language):
        assert make_notice(batch, language=language).subject == sentences.summary(batch)


def test_every_language_of_the_site_has_words() -> None:
    assert set(LANGUAGES) == set(dict(settings.LANGUAGES))


@pytest.mark.parametrize(("kind", "subject"), [(Kind.DAILY, "Dein Tag: "), (Kind.WEEKLY, "Deine Woche: ")])
def test_a_digest_counts_what_it_does_not_name(kind: Kind, subject: str) -> None:
    batch = make_batch(ready=2, kind=kind, more={"ready": 298, "failed": 1})
    assert make_notice(batch, language="de").subject == f"{subject}300 Fotos fertig, 1 fehlgeschlagen"


COUNTS = st.integers(0, 50_000)
SITES = st.from_regex(r"https://[a-z0-9][a-z0-9.-]{0,200}", fullmatch=True)


@given(COUNTS, COUNTS, COUNTS, st.sampled_from(["", *Kind]), st.sampled_from([*LANGUAGES]), SITES)
def test_an_sms_is_one_message_of_gsm_characters_that_says_how_it_ended(
    ready: int, rejected: int, failed: int, kind: str, language: str, site: str
) -> None:
    batch = Batch("b", "o", 0, kind=kind, more={"ready": ready, "rejected": rejected, "failed": failed})
    notice = compose(batch, Details(), make_preferences(language=language), site_url=site)
    assert len(notice.sms) <= 160
    assert set(notice.sms) <= GSM
    assert notice.subject in notice.sms
    assert site in notice.sms or len(notice.subject) + len(site) > 120


EXTENSION = set("\f^{}\\[~]|€")  # each takes two septets, the first of which says so
HOSTILE = st.text(max_size=250) | st.sampled_from(["€" * 160, "{}" * 90, "\N{GRINNING FACE}" * 80, "a\x1bb\r\nc"])


def septets(text: str) -> int:
    assert set(text) <= GSM | EXTENSION, "the whole message would be sent in 16 bits a character"
    return sum(2 if character in EXTENSION else 1 for character in text)


@given(COUNTS, st.sampled_from(["", *Kind]), st.sampled_from([*LANGUAGES]), HOSTILE, HOSTILE)
def test_whatever_a_photo_or_a_site_is_called_an_sms_is_one_message(
    count: int, kind: str, language: str, name: str, site: str
) -> None:
    batch = Batch("b", "o", 0, kind=kind, more={"ready": count, "failed": count})
    details = Details([Reason(Failure.LABELS, name)], [name])
    notice = compose(batch, details, make_preferences(language=language), site_url=f"https://{site}")
    assert septets(notice.sms) <= 160


def test_the_labels_told_are_the_exact_and_sure_ones_that_most_photos_have() -> None:
    def photo(*labels: Label) -> Photo:
        return Photo("o", "p", "ready", "", "", "k", Original(1), labels=list(labels), denied_labels={"Dog"})

    cat, animal = Label("Cat", 90.0, parents=["Animal"]), Label("Animal", 99.0)
    beach = photo(Label("Beach", 95.0), cat, animal, Label("Dog", 99.0))
    assert top_labels([photo(cat, animal), beach, photo(Label("Blurred", 40.0))]) == ["Cat", "Beach"]


BERLIN = {"time_zone": "Europe/Berlin", "quiet_from": 22, "quiet_to": 7}


@pytest.mark.parametrize(
    ("preferences", "moment", "quiet"),
    [
        (BERLIN, "2026-07-01T19:59:59", False),
        (BERLIN, "2026-07-01T20:00:00", True),
        (BERLIN, "2026-07-02T04:59:59", True),
        (BERLIN, "2026-07-02T05:00:00", False),
        (BERLIN, "2026-12-01T20:30:00", False),  # an hour later in winter
        (BERLIN, "2026-12-01T21:00:00", True),
        (BERLIN, "2026-03-29T04:59:59", True),  # the clock went ahead in the night
        (BERLIN, "2026-03-29T05:00:00", False),
        (BERLIN | {"quiet_from": 2, "quiet_to": 3}, "2026-03-29T01:00:00", False),  # an hour that there was not
        (BERLIN | {"quiet_from": 2, "quiet_to": 3}, "2026-10-25T00:30:00", True),  # and one that there was twice
        (BERLIN | {"quiet_from": 2, "quiet_to": 3}, "2026-10-25T01:30:00", True),
        ({"time_zone": "Australia/Sydney", "quiet_from": 9, "quiet_to": 17}, "2026-01-01T23:00:00", True),
        ({"time_zone": "Nowhere/Land", "quiet_from": 9, "quiet_to": 17}, "2026-01-01T10:00:00", True),
        (BERLIN | {"quiet_from": 8, "quiet_to": 8}, "2026-07-01T06:30:00", False),
        (BERLIN | {"quiet_to": None}, "2026-07-01T23:00:00", False),
        ({}, "2026-07-01T23:00:00", False),
    ],
)
def test_quiet_hours_are_on_the_persons_clock(preferences: dict[str, object], moment: str, quiet: bool) -> None:
    assert is_quiet(make_preferences(**preferences), datetime.fromisoformat(f"{moment}+00:00")) is quiet


@pytest.mark.parametrize(
    ("preferences", "batch", "wanted"),
    [
        (make_preferences(), make_batch(ready=1), True),
        (make_preferences(), make_batch(), False),
        (make_preferences(only_problems=True), make_batch(ready=1), False),
        (make_preferences(only_problems=True), make_batch(ready=1, rejected=1), True),
        (make_preferences(channel="none"), make_batch(failed=1), False),
        (make_preferences(channel="sms"), make_batch(ready=1), False),
        (make_preferences(channel="sms", phone="+34600000000"), make_batch(ready=1), True),
        (make_preferences(email=""), make_batch(ready=1), False),
        (make_preferences(channel="none", digest_channel="mail"), make_batch(ready=1), False),
        (make_preferences(channel="none", digest_channel="mail"), make_batch(ready=1, kind="daily"), True),
        (make_preferences(channel="none", digest_channel="mail"), make_batch(kind="daily"), False),
        (make_preferences(channel="none", digest_channel="mail"), make_batch(kind="test"), True),
        (make_preferences(), make_batch(ready=1, kind="daily"), False),
        (make_preferences(only_problems=True), make_batch(kind="test"), True),
        (make_preferences(channel="none"), make_batch(kind="test"), False),
    ],
)
def test_people_are_told_what_they_asked_for(preferences: Preferences, batch: Batch, wanted: bool) -> None:
    assert wants(preferences, batch) is wanted
    assert (told_by(preferences, batch) in ("mail", "sms")) is wanted


@pytest.mark.parametrize(
    ("preferences", "kind", "why"),
    [
        ({"channel": "none", "digest_channel": "none", "silent": "none"}, "", "none"),
        ({"channel": "none", "digest_channel": "none", "silent": "bounce", "email": ""}, "", "bounce"),
        ({"channel": "none", "digest_channel": "none", "silent": "phone"}, "daily", "phone"),
        ({"channel": "none", "digest_channel": "mail"}, "", "digests"),
        ({"channel": "none", "digest_channel": "mail"}, "daily", "mail"),
        ({"channel": "sms", "phone": "+34600000000", "digest_channel": "sms"}, "", "sms"),
        ({"only_problems": True}, "", "problems"),
        ({"email": ""}, "", ""),
    ],
)
def test_who_is_not_told_is_noted_with_the_reason(preferences: dict[str, object], kind: str, why: str) -> None:
    assert told_by(make_preferences(**preferences), make_batch(ready=1, kind=kind)) == why
