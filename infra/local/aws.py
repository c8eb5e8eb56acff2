"""The local AWS, as its administrator."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from .stack import REGION, ROOT_KEY, SAVE_PATH, StackError


@dataclass(frozen=True)
class Aws:
    """The local AWS, as its administrator: `aws.client("s3")`."""

    endpoint_url: str
    _session: Any = field(default_factory=lambda: boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION), repr=False)

    def client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"})
        return self._session.client(service, endpoint_url=self.endpoint_url, config=config)

    def table(self, name: str) -> Any:
        return self._session.resource("dynamodb", endpoint_url=self.endpoint_url).Table(name)

    def save(self) -> None:
        """Have everything on disk that it would lose when it is killed. Raises `StackError` when that cannot be."""
        request = urllib.request.Request(f"{self.endpoint_url}{SAVE_PATH}", method="POST")  # noqa: S310  of the stack
        try:
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
        except OSError as error:
            raise StackError(f"The local AWS could not be saved ({error}). Is the disk full?") from error
