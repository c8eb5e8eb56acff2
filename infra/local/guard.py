"""MiniStack without its administration, which asks no password, and for this machine's own addresses only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .stack import HOST

OPEN_PATHS = ("/_ministack/health", "/_ministack/ready")

Asgi = Callable[..., Awaitable[None]]


def guard(app: Asgi, *, port: int, changed: Callable[[], None]) -> Asgi:
    """MiniStack without its administration, for this machine's own addresses only; `changed` hears of each write."""
    hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if is_shut(scope["path"]) or headers.get(b"host") not in hosts:
                await refuse(send)
                return
            if may_change(scope["method"], headers):
                changed()
        await app(scope, receive, send)

    return guarded


def is_shut(path: str) -> bool:
    return path.startswith("/_ministack/") and path not in OPEN_PATHS


def may_change(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request may change anything worth saving: an idle worker asks the queue all the time."""
    return method not in ("GET", "HEAD", "OPTIONS") and b".ReceiveMessage" not in headers.get(b"x-amz-target", b"")


async def refuse(send: Any) -> None:
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Shut by Shoebox's launcher.\n"})
