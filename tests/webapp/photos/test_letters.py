from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.webapp.photos.letter_box import make_event, make_letter
from webapp.photos.letters import Letter, Named, read_letter

OWNER, PHOTO = "0b6a8a2e-58a8-4a0b-8a4b-5a2f0d3f8d11", "01890a5d-ac96-774b-bcce-b302099a8057"
KEY = f"originals/{OWNER}/{PHOTO}.jpg"


def read(body: Any, **overrides: Any) -> Letter:
    written = body if isinstance(body, str) else json.dumps(body)
    return read_letter({"MessageId": "m1", "ReceiptHandle": "r1", "Body": written, **overrides})


def test_a_letter_of_lambda_names_its_photo_cause_and_time() -> None:
    letter = read(make_letter(KEY), Attributes={"SentTimestamp": "1772352750512"})

    assert letter.originals == (Named(KEY, OWNER, PHOTO),)
    assert letter.cause == (
        "The trigger failed each time that it was tried: ClientError: An error occurred (AccessDenied)"
    )
    assert letter.arrived_at == datetime(2026, 3, 1, 8, 12, 30, 512000, UTC)
    assert (letter.message_id, letter.receipt, letter.is_readable) == ("m1", "r1", True)


def test_an_event_that_was_too_old_has_no_error_and_says_so() -> None:
    body = make_letter(KEY, requestContext={"condition": "EventAgeExceeded"}, responsePayload=None)
    assert read(body).cause == "The event waited too long for the trigger."


def test_a_condition_that_is_new_is_shown_as_it_is() -> None:
    body = make_letter(KEY, requestContext={"condition": "MoonPhase"}, responsePayload=None)
    assert read(body).cause == "Lambda gave up: MoonPhase."


def test_the_bare_event_of_a_plain_dead_letter_queue_names_its_photo() -> None:
    letter = read(make_event(KEY))
    assert (letter.keys, letter.is_readable) == ((KEY,), True)
    assert letter.cause == "Lambda did not say why."


def test_a_key_that_comes_twice_is_one() -> None:
    assert read(make_letter(KEY, KEY)).keys == (KEY,)


def test_a_letter_of_which_one_key_is_no_originals_cannot_be_replayed() -> None:
    letter = read(make_letter(KEY, "exports/a b+c.zip"))
    assert letter.keys == (KEY, "exports/a b+c.zip")
    assert len(letter.originals) == 1
    assert not letter.is_readable


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "[" * 100_000,
        "9" * 5_000,
        "null",
        "[]",
        '"a text"',
        "{}",
        {"Event": "s3:TestEvent"},
        {"requestPayload": None},
        {"requestPayload": [1]},
        {"requestPayload": {"Records": "all"}, "requestContext": [], "responsePayload": "a text"},
        {"requestPayload": {"Records": [None, 1, {"s3": []}, {"s3": {"object": {"key": {"a": 1}}}}]}},
        {"requestPayload": {"Records": [{"s3": {"object": {"key": "originals/../%00/%ff\ud800.jpg"}}}]}},
        {"requestContext": {"condition": 7}, "responsePayload": {"errorType": ["a"], "errorMessage": {"b": "\udfff"}}},
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_letter_that_holds_anything_else_is_read_and_not_replayed(body: Any) -> None:
    letter = read(body)

    assert not letter.is_readable
    assert letter.cause
    json.dumps([letter.cause, letter.keys, letter.raw], ensure_ascii=False).encode()  # no half characters


@pytest.mark.parametrize("sent", [None, "", "soon", "1" * 40, "-" + "9" * 17, "nan"])
def test_a_time_that_is_none_is_left_out(sent: str | None) -> None:
    assert read(make_letter(KEY), Attributes={"SentTimestamp": sent}).arrived_at is None


def test_a_letter_without_a_body_or_attributes_is_read() -> None:
    letter = read_letter({"MessageId": "m1", "ReceiptHandle": "r1"})
    assert (letter.raw, letter.arrived_at, letter.is_readable) == ("", None, False)
