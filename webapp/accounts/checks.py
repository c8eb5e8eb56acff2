from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, register


@register(deploy=True)
def addresses_in_mails_have_tls(**_kwargs: Any) -> list[Error]:
    """Without, they redirect, and a mail program that unsubscribes by one click (RFC 8058) follows no redirect."""
    if settings.SITE_URL.startswith("https://"):
        return []
    return [Error("SITE_URL has to begin with https://.", id="accounts.E001")]
