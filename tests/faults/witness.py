"""Looks at every write to a photo's record, and says which of them may never be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.contract import Item, Status

_RESULTS = ("labels", "label_model", "faces", "moderation", "moderation_model", "renditions", "exif", "placeholder")


@dataclass
class Witness:
    """`writer` says whose function is at work: a run's, or none (the site's). Kept are the writes, how often each batch
    was claimed by whoever tells of it, and what was wrong."""

    writer: Callable[[], str]
    writes: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def see(self, before: Item | None, after: Item | None) -> None:
        """A write, as `moto_table.watched` tells it."""
        name = (after or before or {}).get("sk", "")
        if name.startswith("PHOTO#"):
            self.writes += 1
            self.wrong += [f"{name}: {why}" for why in faults(_photo(before), _photo(after), self.writer())]
        elif name == "BATCH" and after and after.get("claimed_at") and not (before or {}).get("claimed_at"):
            self.claims[after["batch_id"]] += 1


def _photo(item: Item | None) -> contract.Photo | None:
    return contract.from_item(contract.Photo, item) if item else None


def faults(before: contract.Photo | None, after: contract.Photo | None, writer: str) -> Iterator[str]:
    """What is wrong with a write that makes `after` of `before`. `writer` is a run, or empty for the site."""
    if before is None or after is None:
        if writer:
            yield "the pipeline neither makes nor erases a record"
        return
    ended = before.status == Status.PROCESSING and after.status in contract.TERMINAL and before.run_id == after.run_id
    if (before.status, before.run_id) != (after.status, after.run_id) and not (
        ended or _is_claimed(before, after) or _is_closed(before, after, writer) or after.status == Status.DELETING
    ):
        yield f"{before.status} of {before.run_id} became {after.status} of {after.run_id}"
    if not ended and any(getattr(before, name) != getattr(after, name) for name in _RESULTS):
        yield f"results of {before.run_id}, {before.status}, were changed"
    if writer and after.run_id != writer:
        yield f"{writer} wrote into what is {after.run_id}'s"
    if after.attempt < before.attempt or (after.run_id and _number(after.run_id) < _number(before.run_id)):
        yield f"attempt {before.attempt} of {before.run_id} was followed by {after.attempt} of {after.run_id}"
    if writer and _corrections(before) != _corrections(after):
        yield f"{writer} wrote what its owner says of labels"


def _is_claimed(before: contract.Photo, after: contract.Photo) -> bool:
    """By the first run, or by the one that was asked for."""
    first = before.status == Status.UPLOADING and not before.requested_run
    return after.status == Status.PROCESSING and (first or before.requested_run == after.run_id)


def _is_closed(before: contract.Photo, after: contract.Photo, writer: str) -> bool:
    """By the site, which found nobody at work on it."""
    is_open = before.status in contract.OPEN or bool(before.requested_run)
    return not writer and is_open and (after.status, after.run_id) == (Status.FAILED, before.run_id)


def _number(run_id: str) -> int:
    return int(run_id.rpartition("-")[2]) if run_id else 0


def _corrections(record: contract.Photo) -> tuple[set[str], set[str]]:
    return record.denied_labels, record.added_labels
