"""Mail and SMS that the local AWS was asked to send, as a person reads them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.utils import timezone
from django.utils.timesince import timesince

from infra.local import sent as store


@dataclass(frozen=True)
class Message:
    """One mail or SMS. An SMS has its first line as subject, and neither sender nor HTML."""

    id: str
    kind: str
    sent_at: datetime
    recipients: str
    subject: str
    text: str
    sender: str = ""
    html: str = ""

    @property
    def age(self) -> str:
        """How long ago it was sent, in words."""
        passed = timezone.now() - self.sent_at
        return "just now" if passed < timedelta(minutes=1) else f"{timesince(self.sent_at, depth=1)} ago"

    @property
    def is_mail(self) -> bool:
        return self.kind == store.MAIL


def list_messages(directory: Path) -> list[Message]:
    """Every message, newest first."""
    return [_read(sent) for sent in store.list_sent(directory)]


def find_message(directory: Path, message_id: str) -> Message | None:
    """One message, or None when there is none of that id."""
    sent = store.read_sent(directory, message_id)
    return _read(sent) if sent else None


def _read(sent: store.Sent) -> Message:
    return _read_mail(sent) if sent.kind == store.MAIL else _read_sms(sent)


def _read_sms(sent: store.Sent) -> Message:
    first_line = sent.text.strip().partition("\n")[0]
    return Message(sent.id, sent.kind, _time(sent), ", ".join(sent.recipients), first_line, sent.text)


def _read_mail(sent: store.Sent) -> Message:
    mail = message_from_bytes(base64.b64decode(sent.mime), policy=policy.default)
    return Message(
        sent.id,
        sent.kind,
        _time(sent),
        recipients=", ".join(sent.recipients) or str(mail.get("To", "")),
        subject=str(mail.get("Subject", "")),
        text=_body(mail, "plain"),
        sender=str(mail.get("From", "")) or sent.sender,
        html=_with_pictures(mail, _body(mail, "html")),
    )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return part.get_content() if part else ""


def _with_pictures(mail: EmailMessage, html: str) -> str:
    """The pictures that a mail brings along, put where its HTML names them: a page has no parts."""
    for part in mail.walk():
        cid, data = str(part.get("Content-ID", "")).strip("<>"), part.get_payload(decode=True)
        if cid and isinstance(data, bytes):
            inside = f"data:{part.get_content_type()};base64,{base64.b64encode(data).decode()}"
            html = html.replace(f'"cid:{cid}"', f'"{inside}"')
    return html


def _time(sent: store.Sent) -> datetime:
    return datetime.fromtimestamp(sent.sent_at, UTC)
