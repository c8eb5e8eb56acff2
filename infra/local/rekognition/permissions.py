"""Whether a caller may do what they ask for, as the local AWS's IAM sees it."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from .errors import AccessDeniedException, InvalidS3ObjectException

SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/")
SECONDS = 5


def read_access_key(authorization: str) -> str:
    """The access key that signed a request. Raises AccessDeniedException when none did."""
    found = SIGNED.match(authorization)
    if not found:
        raise AccessDeniedException("The request is not signed")
    return found[1]


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
