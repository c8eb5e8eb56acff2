"""The contract's sentences as the site tells them."""

from __future__ import annotations

import pytest
from django.utils import translation

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import sentences

ENDS = ("ready", "rejected", "failed")


def test_every_sentence_of_the_contract_is_there_to_be_translated() -> None:
    assert sentences.SENTENCES == contract.SENTENCES


@pytest.mark.parametrize("why", [contract.refuse_size(62_300_000), contract.refuse_dimensions(40, 900)])
def test_a_stored_sentence_keeps_its_facts(why: contract.Reason) -> None:
    assert sentences.said(why) == why.text
    with translation.override("de"):
        assert (
            sentences.said(why)
            == {
                "too_large": "Zu groß: 62,3 MB, höchstens 50 MB. Speichere eine kleinere Kopie und lade sie hoch.",
                "too_small": "Zu klein: 40 × 900 Pixel, mindestens 80 auf jeder Seite. Lade eine größere Kopie hoch.",
            }[why.code]
        )


def test_the_day_until_which_analysis_is_paused_is_told_as_its_reader_writes_days() -> None:
    why = contract.reason(contract.Failure.PAUSED, until=contract.name_day("2026-12-01T00:00:00+00:00"))
    assert "until 1 December 2026 to" in why.text
    assert "December 2026" in sentences.said(why)
    with translation.override("de"):
        assert "1. Dezember 2026" in sentences.said(why)


@pytest.mark.parametrize(("code", "text"), [("gone", "Of old."), ("too_large", "Written before."), ("", "")])
def test_a_sentence_that_nobody_knows_is_said_as_it_is_stored(code: str, text: str) -> None:
    with translation.override("de"):
        assert sentences.translate(code, text) == text


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 0, 0), (2, 1, 3), (0, 1, 0), (0, 2, 1), (0, 0, 1), (0, 0, 12)])
def test_an_upload_is_summed_up_as_its_notice_did(counts: tuple[int, ...]) -> None:
    ids = {end: {f"{end}-{at}" for at in range(count)} for end, count in zip(ENDS, counts, strict=True)}
    batch = contract.Batch(batch_id="b", owner_id="o", expected=sum(counts), **ids)
    assert sentences.summary(batch) == batch.summary
