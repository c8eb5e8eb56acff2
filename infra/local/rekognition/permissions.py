"""Whether a caller may do what they ask for, as the local AWS's IAM sees it."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from .errors import (
    AccessDeniedException,
    IncompleteSignatureException,
    InvalidS3ObjectException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/\d{8}/[a-z0-9-]+/(?P<service>[^/,\s]+)/aws4_request,"
    r"\s*SignedHeaders=[^,\s]+,\s*Signature=[0-9a-f]{64}"
)
SECONDS = 5


def read_access_key(authorization: str) -> str:
    """The access key that signed a request. The signature itself is taken on trust: the secret is not known here.

    Raises MissingAuthenticationTokenException, IncompleteSignatureException or InvalidSignatureException.
    """
    if not authorization:
        raise MissingAuthenticationTokenException("The request is not signed")
    found = SIGNED.fullmatch(authorization)
    if not found:
        raise IncompleteSignatureException("Authorization is not a signature of AWS's version 4")
    if found["service"] != "rekognition":
        raise InvalidSignatureException("Credential should be scoped to correct service: 'rekognition'.")
    return found["key"]


class Permissions:
    """Asks at `url`, which answers true or false. Without one, everyone may do everything."""

    def __init__(self, url: str = "") -> None:
        self._url = url

    def require(self, key: str, operation: str, request: Mapping[str, Any]) -> None:
        """Raises AccessDeniedException, or InvalidS3ObjectException: Rekognition reads S3 with its caller's rights."""
        action = f"rekognition:{operation}"
        if not self._may(key, action, "*"):
            raise AccessDeniedException(f"The caller is not authorized to perform: {action}")
        match request.get("Image"):
            case {"S3Object": {"Bucket": str(bucket), "Name": str(name)}}:
                if not self._may(key, "s3:GetObject", f"arn:aws:s3:::{bucket}/{name}"):
                    raise InvalidS3ObjectException()

    def _may(self, key: str, action: str, resource: str) -> bool:
        if not self._url:
            return True
        asked = urllib.parse.urlencode({"key": key, "action": action, "resource": resource})
        with urllib.request.urlopen(f"{self._url}?{asked}", timeout=SECONDS) as answer:  # noqa: S310  the local AWS
            return json.load(answer) is True
