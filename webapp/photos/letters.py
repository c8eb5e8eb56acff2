"""What a dead letter says: Lambda's account of an event that the trigger could not handle. Whatever it holds is read
without an error, since nobody vouches for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from pipeline_lambdas.photo_pipeline import contract

CONDITIONS = {
    "RetriesExhausted": "The trigger failed each time that it was tried",
    "EventAgeExceeded": "The event waited too long for the trigger",
}


@dataclass(frozen=True)
class Named:
    """An original that a letter is about: its key, and the ids of its owner and photo."""

    key: str
    owner_id: str
    photo_id: str


@dataclass(frozen=True)
class Letter:
    """A dead letter. `cause` in words; `keys` are all keys that the event names, `originals` those that are an
    original's; `raw` is the whole letter as text; `receipt` serves to remove it while it is held."""

    message_id: str
    receipt: str
    arrived_at: datetime | None
    cause: str
    keys: tuple[str, ...]
    originals: tuple[Named, ...]
    raw: str

    @property
    def is_readable(self) -> bool:
        """Whether every key that it names is an original's, and there is one."""
        return bool(self.keys) and len(self.originals) == len(self.keys)


def read_letter(message: Mapping[str, Any]) -> Letter:
    """The letter in a message as SQS hands it out."""
    raw = _text(message.get("Body"))
    body = _parse(raw)
    # A queue that Lambda writes to as a plain dead-letter queue holds the event alone, without an account of it.
    keys = tuple(dict.fromkeys(_keys(_at(body, "requestPayload") or body)))
    return Letter(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        arrived_at=_moment(_at(message, "Attributes", "SentTimestamp")),
        cause=_cause(body),
        keys=keys,
        originals=tuple(_named(keys)),
        raw=raw,
    )


def _parse(raw: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _at(value: Any, *path: str) -> Any:
    """What lies at `path`, or None where there is no such thing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str:
    """A text that can be shown and stored, whatever stood there: JSON may hold halves of characters."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _keys(event: Any) -> Iterator[str]:
    records = _at(event, "Records")
    for record in records if isinstance(records, list) else []:
        key = _at(record, "s3", "object", "key")
        if isinstance(key, str):
            yield _text(unquote_plus(_text(key)))  # S3 writes keys into events as forms do


def _named(keys: tuple[str, ...]) -> Iterator[Named]:
    for key in keys:
        ids = contract.parse_original_key(key)
        if ids is not None:
            yield Named(key, *ids)


def _moment(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _cause(body: Any) -> str:
    if not isinstance(body, Mapping):
        return "This is not a letter that Lambda wrote."
    condition = _text(_at(body, "requestContext", "condition"))
    what = CONDITIONS.get(condition) or (f"Lambda gave up: {condition}" if condition else "Lambda did not say why")
    error = [_text(_at(body, "responsePayload", name)) for name in ("errorType", "errorMessage")]
    return f"{what}: {': '.join(filter(None, error))}" if any(error) else f"{what}."
