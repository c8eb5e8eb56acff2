"""The queue of dead letters for tests, and what Lambda writes into it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from django.conf import settings


def make_letter(*keys: str, **overrides: Any) -> dict[str, Any]:
    """What Lambda's destination for failures writes about an event of S3 that names `keys`."""
    return {
        "version": "1.0",
        "timestamp": "2026-03-01T08:12:30.512Z",
        "requestContext": {
            "requestId": "0b9d5c3e-5f3b-4b0c-9a63-5d1f6c1f8c55",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:trigger:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": make_event(*keys),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "ClientError", "errorMessage": "An error occurred (AccessDenied)"},
        **overrides,
    }


def make_event(*keys: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "originals-test"}, "object": {"key": quote_plus(key), "sequencer": "0055"}},
            }
            for key in keys
        ]
    }


@dataclass(frozen=True)
class LetterBox:
    """The queue as SQS (moto) has it."""

    sqs: Any

    def put(self, *keys: str, body: str | None = None, **overrides: Any) -> str:
        """Write a letter about `keys`, or a message of another `body`; returns its id."""
        written = json.dumps(make_letter(*keys, **overrides)) if body is None else body
        sent = self.sqs.send_message(QueueUrl=settings.DEAD_LETTER_QUEUE_URL, MessageBody=written)
        return str(sent["MessageId"])

    def hold_all(self) -> list[str]:
        """Ids of what can be seen, which then is held for a minute."""
        answer = self.sqs.receive_message(
            QueueUrl=settings.DEAD_LETTER_QUEUE_URL, MaxNumberOfMessages=10, VisibilityTimeout=60
        )
        return sorted(message["MessageId"] for message in answer.get("Messages", []))
