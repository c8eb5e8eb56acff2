"""Mail and SMS that the local AWS was asked to send, one file each, for the inbox page.

MiniStack forgets mail when it stops and never keeps it whole, so the launcher writes each message here as it is sent.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

MAIL, SMS = "mail", "sms"


@dataclass(frozen=True)
class Sent:
    """One message: `mime` is a whole mail in base64, `text` an SMS. `id` sorts by time; `sent_at` is Unix seconds."""

    id: str
    kind: str
    sent_at: float
    recipients: list[str]
    sender: str = ""
    mime: str = ""
    text: str = ""


def write_sent(directory: Path, sent: Sent) -> None:
    """Keep a message; whoever lists the directory sees it whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / f".{sent.id}"
    unfinished.write_text(json.dumps(asdict(sent)))
    unfinished.replace(_path(directory, sent.id))


def list_sent(directory: Path) -> list[Sent]:
    """Every message, newest first."""
    return [_read(path) for path in sorted(directory.glob("*.json"), reverse=True)]


def read_sent(directory: Path, sent_id: str) -> Sent | None:
    """One message, or None when there is none of that id."""
    path = _path(directory, sent_id)
    return _read(path) if path.is_file() else None


def mail_from_request(request: Mapping[str, Any]) -> Sent:
    """The mail that a request of SES v2's SendEmail asks for, raw or simple."""
    destination = request.get("Destination", {})
    recipients = [address for kind in ("To", "Cc", "Bcc") for address in destination.get(f"{kind}Addresses", [])]
    content = request["Content"]
    mime = content["Raw"]["Data"] if "Raw" in content else _simple_mime(request, recipients)
    return _new(MAIL, recipients, sender=request.get("FromEmailAddress", ""), mime=mime)


def sms_from_request(parameters: Mapping[str, str]) -> Sent:
    """The SMS that a request of SNS's Publish to a phone number asks for."""
    return _new(SMS, [parameters["PhoneNumber"]], text=parameters.get("Message", ""))


def _new(kind: str, recipients: list[str], **parts: str) -> Sent:
    now = time.time()
    return Sent(f"{int(now * 1000):013d}-{uuid.uuid4().hex[:8]}", kind, now, recipients, **parts)


def _simple_mime(request: Mapping[str, Any], recipients: list[str]) -> str:
    simple = request["Content"].get("Simple", {})
    body = simple.get("Body", {})
    mail = EmailMessage()
    mail["From"] = request.get("FromEmailAddress", "")
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = simple.get("Subject", {}).get("Data", "")
    mail.set_content(body.get("Text", {}).get("Data", ""))
    if "Html" in body:
        mail.add_alternative(body["Html"]["Data"], subtype="html")
    return base64.b64encode(mail.as_bytes()).decode()


def _path(directory: Path, sent_id: str) -> Path:
    return directory / f"{sent_id}.json"


def _read(path: Path) -> Sent:
    return Sent(**json.loads(path.read_text()))
