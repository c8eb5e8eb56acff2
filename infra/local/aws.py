"""The local AWS, as its administrator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from .stack import REGION, ROOT_KEY


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
