"""What a browser complains of while a person walks through the site."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
LEFT_BEHIND = "net::ERR_ABORTED"  # the person went on to another page before this one had everything


class Watch:
    """`log` holds every line of the consoles, `complaints` what no page of a working site says: an error or a warning
    (a violation of the content security policy is one), an exception, a request that failed or was refused. A refusal
    with a status that is `expected` is none."""

    def __init__(self, expected: Collection[int] = ()) -> None:
        self.expected = set(expected)
        self.log: list[str] = []
        self.complaints: list[str] = []

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", self._note_error)
        context.on("requestfailed", self._note_failure)
        context.on("response", self._note_refusal)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.log))

    def _hear(self, message: ConsoleMessage) -> None:
        place, refused = message.location.get("url", ""), REFUSED.match(message.text)
        is_bad = message.type in ("error", "warning") and not (refused and int(refused[1]) in self.expected)
        self._note(f"{message.type}: {message.text} ({place})", is_bad=is_bad)

    def _note_error(self, error: WebError) -> None:
        self._note(f"exception: {error.error}", is_bad=True)

    def _note_failure(self, request: Request) -> None:
        self._note(f"{request.failure}: {request.method} {request.url}", is_bad=request.failure != LEFT_BEHIND)

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400:
            is_bad = response.status not in self.expected
            self._note(f"{response.status}: {response.request.method} {response.url}", is_bad=is_bad)

    def _note(self, line: str, *, is_bad: bool) -> None:
        self.log.append(line)
        if is_bad:
            self.complaints.append(line)
