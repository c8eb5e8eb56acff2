from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline.contract import Batch, Failure, Preferences, Reason, Refusal, reason
from pipeline_lambdas.photo_pipeline.notices import compose, wants

SITE = "https://photos.example.org"
GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
          "abcdefghijklmnopqrstuvwxyzäöñüà")  # fmt: skip


def make_batch(ready: int = 0, rejected: int = 0, failed: int = 0) -> Batch:
    ids = [str(number) for number in range(ready + rejected + failed)]
    return Batch(
        batch_id="b",
        owner_id="o",
        expected=len(ids),
        ready=set(ids[:ready]),
        rejected=set(ids[ready : ready + rejected]),
        failed=set(ids[ready + rejected :]),
    )


def make_preferences(**overrides: object) -> Preferences:
    return Preferences(**{"owner_id": "o", "channel": "mail", "email": "ada@example.org"} | overrides)  # type: ignore[arg-type]


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
    assert compose(batch, [], site_url=SITE).subject == subject


def test_mail_says_each_reason_once_with_its_count_and_escapes_it() -> None:
    reasons = [reason(Refusal.DAMAGED), reason(Refusal.DAMAGED), reason(Failure.LABELS)]
    notice = compose(make_batch(ready=1, rejected=2, failed=1), reasons, site_url=SITE)
    assert notice.text.count(reason(Refusal.DAMAGED).text) == 1
    assert "(2 photos)" in notice.text
    assert f"{SITE}/gallery/" in notice.text
    assert f"{SITE}/gallery/" in notice.html
    assert "<script>" not in compose(make_batch(rejected=1), [_reason("<script>")], site_url=SITE).html


def _reason(text: str) -> Reason:
    return Reason(code="x", text=text)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_sms_is_one_message_of_gsm_characters(ready: int, rejected: int, failed: int) -> None:
    sms = compose(make_batch(ready, rejected, failed), [], site_url=SITE).sms
    assert len(sms) <= 160
    assert set(sms) <= GSM


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
    ],
)
def test_people_are_told_what_they_asked_for(preferences: Preferences, batch: Batch, wanted: bool) -> None:
    assert wants(preferences, batch) is wanted
