from __future__ import annotations

import base64
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from infra.local.sent import Sent, list_sent, mail_from_request, read_sent, sms_from_request, write_sent


def make_request(**content: Any) -> dict[str, Any]:
    simple = {"Simple": {"Subject": {"Data": "Grüße"}, "Body": {"Text": {"Data": "Hallo"}, "Html": {"Data": "<p>Hi"}}}}
    return {
        "FromEmailAddress": "Shoebox <shoebox@example.org>",
        "Destination": {"ToAddresses": ["ana@example.org"], "BccAddresses": ["bea@example.org"]},
        "Content": content or simple,
    }


def test_newest_message_is_listed_first(tmp_path: Path) -> None:
    for number in ("1", "3", "2"):
        write_sent(tmp_path, Sent(number, "sms", 0.0, ["+34600000000"]))
    assert [each.id for each in list_sent(tmp_path)] == ["3", "2", "1"]


def test_directory_that_is_not_there_yet_is_an_empty_inbox(tmp_path: Path) -> None:
    assert list_sent(tmp_path / "inbox") == []


def test_message_that_is_still_written_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".1").write_text("{")
    assert list_sent(tmp_path) == []


def test_message_comes_back_as_it_was_written(tmp_path: Path) -> None:
    sent = sms_from_request({"PhoneNumber": "+34600000000", "Message": "5 photos"})
    write_sent(tmp_path, sent)
    assert read_sent(tmp_path, sent.id) == sent
    assert read_sent(tmp_path, "other") is None


def test_simple_mail_becomes_a_whole_one_with_both_parts() -> None:
    sent = mail_from_request(make_request())
    mail = message_from_bytes(base64.b64decode(sent.mime), policy=policy.default)
    assert sent.recipients == ["ana@example.org", "bea@example.org"]
    assert mail["Subject"] == "Grüße"
    assert mail.get_body(("plain",)).get_content().strip() == "Hallo"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Hi"


def test_raw_mail_is_kept_byte_for_byte() -> None:
    raw = base64.b64encode(b"Subject: x\r\n\r\nbody\r\n").decode()
    assert mail_from_request(make_request(Raw={"Data": raw})).mime == raw
