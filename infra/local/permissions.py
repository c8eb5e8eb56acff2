"""What MiniStack's IAM says of a call that MiniStack never sees, for the Rekognition server to ask."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from .guard import Asgi
from .stack import PERMISSIONS_PATH, REGION


def answering_permissions(app: Asgi, evaluator: Any) -> Asgi:
    """MiniStack that also answers `GET PERMISSIONS_PATH?key=…&action=…&resource=…` with true or false."""

    async def answering(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PERMISSIONS_PATH:
            await app(scope, receive, send)
            return
        asked = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        body = json.dumps(permits(evaluator, **asked)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return answering


def permits(evaluator: Any, *, key: str, action: str, resource: str) -> bool:
    """Whether the owner of an access key may do `action` to `resource`. The signature is not checked: there is none."""
    return evaluator.enforce(key, action, action.partition(":")[0], REGION, resource_arn=resource) is None
