from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from infra.local import outbox
from infra.local.sent import list_sent


def make_request(**overrides: Any) -> bytes:
    request = {
        "FromEmailAddress": "Shoebox <shoebox@example.org>",
        "Destination": {"ToAddresses": ["ana@example.org"]},
        "Content": {"Raw": {"Data": "c3ViamVjdDogeA=="}},
    }
    return json.dumps(request | overrides).encode()


def make_handler(status: int) -> outbox.Handler:
    async def handler(*_: Any) -> tuple[int, Any, Any]:
        return status, {}, b""

    return handler


@pytest.mark.parametrize(("status", "expected"), [(200, 1), (400, 0)])
def test_mail_is_kept_when_it_was_accepted(tmp_path: Path, status: int, expected: int) -> None:
    handler = outbox.keeping(make_handler(status), outbox.read_mail_request, tmp_path)
    asyncio.run(handler("POST", "/v2/email/outbound-emails", {}, make_request(), {}))
    assert len(list_sent(tmp_path)) == expected


def test_request_to_ses_that_sends_nothing_keeps_nothing(tmp_path: Path) -> None:
    handler = outbox.keeping(make_handler(200), outbox.read_mail_request, tmp_path)
    asyncio.run(handler("GET", "/v2/email/identities", {}, b"", {}))
    assert list_sent(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"Action=Publish&PhoneNumber=%2B34600000000&Message=5+photos+%26+more", ["5 photos & more"]),
        (b"Action=Publish&TopicArn=arn&Message=x", []),
        (b"Action=ListTopics", []),
        (b"", []),
    ],
)
def test_publish_to_a_phone_number_is_kept_as_sms(tmp_path: Path, body: bytes, expected: list[str]) -> None:
    handler = outbox.keeping(make_handler(200), outbox.read_sms_request, tmp_path)
    asyncio.run(handler("POST", "/", {}, body, {}))
    assert [each.text for each in list_sent(tmp_path)] == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [({"Raw": {"Data": ""}}, "ses:SendRawEmail"), ({"Simple": {}}, "ses:SendEmail")],
)
def test_mail_is_authorized_for_its_sender(content: dict[str, Any], expected: str) -> None:
    request = json.loads(make_request(Content=content))
    action, identity, context = outbox.mail_authorization(request)
    assert action == expected
    assert identity.endswith(":identity/shoebox@example.org")
    assert context["ses:FromAddress"] == "shoebox@example.org"
