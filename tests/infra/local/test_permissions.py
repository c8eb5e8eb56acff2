from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.local.permissions import answering_permissions
from infra.local.stack import PERMISSIONS_PATH, REGION


def ask(app: Any, path: str, **query: str) -> bytes:
    """The body that an ASGI application answers a GET with."""
    parts: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        parts.append(message.get("body", b""))

    scope = {"type": "http", "path": path, "query_string": urlencode(query).encode()}
    asyncio.run(app(scope, None, send))
    return b"".join(parts)


async def aws(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"the local AWS"})


def make_evaluator(*denied: tuple[str, str]) -> Any:
    """An IAM that refuses these actions on these resources, and wants to be asked as MiniStack's is."""

    def enforce(key: str, action: str, service: str, region: str, resource_arn: str) -> object | None:
        assert (key, service, region) == ("ASIA1", action.partition(":")[0], REGION)
        return "denied" if (action, resource_arn) in denied else None

    return SimpleNamespace(enforce=enforce)


@pytest.mark.parametrize(("resource", "expected"), [("arn:aws:s3:::b/k a+é", False), ("arn:aws:s3:::b/other", True)])
def test_iam_is_asked_about_the_very_object(resource: str, expected: bool) -> None:
    app = answering_permissions(aws, make_evaluator(("s3:GetObject", "arn:aws:s3:::b/k a+é")))
    answer = ask(app, PERMISSIONS_PATH, key="ASIA1", action="s3:GetObject", resource=resource)
    assert json.loads(answer) is expected


def test_every_other_address_is_the_local_aws() -> None:
    assert ask(answering_permissions(aws, make_evaluator()), "/bucket/key") == b"the local AWS"
