from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from infra.local import guard


def ask(app: Callable[..., Awaitable[None]], path: str, *, method: str = "GET", **headers: str) -> list[int]:
    """The statuses that an ASGI application answers one request with."""
    statuses = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    given = {"host": "127.0.0.1:4566"} | headers
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    asyncio.run(app({"type": "http", "path": path, "method": method, "headers": encoded}, None, send))
    return statuses


async def fine(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_ministack/anything"])
def test_administration_is_shut(path: str) -> None:
    assert ask(guard.guard(fine, port=4566, changed=lambda: None), path, method="POST") == [403]


@pytest.mark.parametrize("path", ["/_ministack/health", "/", "/bucket/key"])
def test_everything_else_is_open(path: str) -> None:
    assert ask(guard.guard(fine, port=4566, changed=lambda: None), path) == [200]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4566", "127.0.0.1:80", ""])
def test_other_host_name_is_refused(host: str) -> None:
    assert ask(guard.guard(fine, port=4566, changed=lambda: None), "/", host=host) == [403]


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [("PUT", "", 1), ("POST", "AmazonSQS.SendMessage", 1), ("GET", "", 0), ("POST", "AmazonSQS.ReceiveMessage", 0)],
)
def test_only_what_may_change_something_is_noted(method: str, target: str, expected: int) -> None:
    noted: list[None] = []
    app = guard.guard(fine, port=4566, changed=lambda: noted.append(None))
    ask(app, "/", method=method, x_amz_target=target)
    assert len(noted) == expected
