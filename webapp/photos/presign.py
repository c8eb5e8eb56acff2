"""Addresses at which a browser fetches renditions. For owner and staff alone: whoever has one sees the picture.

Signed here by AWS Signature Version 4, without asking AWS. boto3 signs with the time of the call, so that no two of its
addresses are alike and a browser could keep nothing; the time in these stands still for half their life.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.utils import timezone

from webapp import aws
from webapp.photos.conf import presigned_seconds

ALGORITHM = "AWS4-HMAC-SHA256"


def addresses(keys: Iterable[str], *, now: datetime | None = None) -> dict[str, str]:
    """Addresses by key of rendition. Each stays the same for half its life, or until the site's credentials change, so
    that a browser can cache what it shows."""
    signer = _signer(now or timezone.now())
    return {key: signer.address(key) for key in keys}


@dataclass(frozen=True)
class Signer:
    """What all addresses of a moment have in common."""

    endpoint: str
    scope: str
    time: str
    query: str
    key: bytes

    def address(self, key: str) -> str:
        path = f"/{settings.RENDITIONS_BUCKET}/{quote(key, safe='/~')}"
        host = urlsplit(self.endpoint).netloc
        request = "\n".join(["GET", path, self.query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
        text = "\n".join([ALGORITHM, self.time, self.scope, hashlib.sha256(request.encode()).hexdigest()])
        return f"{self.endpoint}{path}?{self.query}&X-Amz-Signature={_hmac(self.key, text).hex()}"


def _signer(now: datetime) -> Signer:
    s3, credentials = aws.s3(), aws.signing_credentials()
    stand_still = max(presigned_seconds() // 2, 1)
    signed = datetime.fromtimestamp(now.timestamp() // stand_still * stand_still, tz=UTC)
    scope = (f"{signed:%Y%m%d}", s3.meta.region_name, "s3", "aws4_request")
    time = f"{signed:%Y%m%dT%H%M%SZ}"
    return Signer(
        endpoint=s3.meta.endpoint_url,
        scope="/".join(scope),
        time=time,
        query=_query(credentials, scope="/".join(scope), time=time),
        key=reduce(_hmac, scope, f"AWS4{credentials.secret_key}".encode()),
    )


def _query(credentials: Any, *, scope: str, time: str) -> str:
    values = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(presigned_seconds()),
        "X-Amz-Security-Token": credentials.token or "",
        "X-Amz-SignedHeaders": "host",
    }
    return urlencode({name: value for name, value in values.items() if value}, quote_via=quote, safe="~")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
