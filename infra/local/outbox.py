"""What MiniStack lacks for mail and SMS: it forgets mail when it stops, and allows it by policies for `*` alone."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from .sent import Sent, mail_from_request, sms_from_request, write_sent
from .stack import ACCOUNT, REGION

Handler = Callable[..., Awaitable[tuple[int, Any, Any]]]


def keep_sent(modules: Mapping[str, Any], inbox: Path) -> None:
    """Write each mail and SMS that MiniStack accepted into the inbox."""
    mail, sms = modules["ministack.services.ses_v2"], modules["ministack.services.sns"]
    mail.handle_request = keeping(mail.handle_request, read_mail_request, inbox)
    sms.handle_request = keeping(sms.handle_request, read_sms_request, inbox)


def keeping(handler: Handler, read: Callable[[str, str, bytes], Sent | None], inbox: Path) -> Handler:
    """A MiniStack service's handler that keeps what was sent when the answer is 200."""

    async def kept(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> tuple[int, Any, Any]:
        answer = await handler(method, path, headers, body, query_params)
        sent = read(method, path, body) if answer[0] == 200 else None
        if sent:
            write_sent(inbox, sent)
        return answer

    return kept


def read_mail_request(method: str, path: str, body: bytes) -> Sent | None:
    """The mail of a request to SES v2, or None when it sends none."""
    return mail_from_request(json.loads(body)) if is_send(method, path) else None


def read_sms_request(method: str, path: str, body: bytes) -> Sent | None:  # noqa: ARG001
    """The SMS of a request to SNS, or None when it is about something else."""
    parameters = dict(parse_qsl(body.decode(), keep_blank_values=True)) if body else {}
    is_sms = parameters.get("Action") == "Publish" and "PhoneNumber" in parameters
    return sms_from_request(parameters) if is_sms else None


def is_send(method: str, path: str) -> bool:
    return method == "POST" and path.rstrip("/") == "/v2/email/outbound-emails"


def authorize_mail(app: Any) -> None:
    """Ask IAM about a mail as SES does: may this caller send as this identity, with this sender's address?"""
    enforce = app._enforce_ses_v2

    def enforce_mail(method: str, path: str, headers: Any, body: bytes, query_params: Any, request_id: str) -> Any:
        if not is_send(method, path):
            return enforce(method, path, headers, body, query_params, request_id)
        action, identity, context = mail_authorization(json.loads(body))
        return app._enforce_data_plane(
            "sesv2", action, headers, query_params, request_id,
            resource_arn=identity, named_resource=identity, service_context=context,
        )  # fmt: skip

    app._enforce_ses_v2 = enforce_mail


def mail_authorization(request: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Action, resource and condition keys that SES v2's SendEmail is checked with."""
    name, address = parseaddr(request.get("FromEmailAddress", ""))
    action = "ses:SendRawEmail" if "Raw" in request["Content"] else "ses:SendEmail"
    identity = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{address}"
    return action, identity, {"ses:FromAddress": address, "ses:FromDisplayName": name}
