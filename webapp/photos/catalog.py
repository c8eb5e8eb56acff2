"""The pipeline's records: DynamoDB items as the contract's dataclasses, every write with the contract's condition.

A write that its condition refuses gives None (or False): somebody else was first. Everything else that AWS answers is
raised as it comes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws
from webapp.photos import clock
from webapp.photos.models import Batch, Photo

TOP_LABELS = 3
KEYS_A_CALL = 100
TRIES = 6


# --- Reading ---------------------------------------------------------------------------------------------------------


def get(photo: Photo) -> contract.Photo | None:
    """A photo's record as it is now, or None."""
    return get_many([photo], consistent=True).get(photo.pk)


def get_many(photos: Iterable[Photo], *, consistent: bool = False) -> dict[UUID, contract.Photo]:
    """Records by photo id; a photo without one is left out. One call to AWS for every 100 photos."""
    keys = [contract.photo_item_key(str(photo.owner_id), str(photo.pk)) for photo in photos]
    records = (contract.from_item(contract.Photo, item) for item in _get_items(keys, consistent=consistent))
    return {UUID(record.photo_id): record for record in records}


_OUTLINE = (
    "owner_id", "photo_id", "status", "uploaded_at", "updated_at", "key", "reason", "run_id", "requested_run",
    "attempt", "original", "renditions", "placeholder", "labels", "denied_labels", "added_labels",
)  # fmt: skip


def get_outlines(photos: Iterable[Photo]) -> dict[UUID, contract.Photo]:
    """Records by photo id with what a tile shows and nothing more: of the `TOP_LABELS` surest labels, corrections
    applied, name and confidence, of renditions the thumbnail. To read sixty of them whole is most of the work of a
    gallery's page."""
    keys = [contract.photo_item_key(str(photo.owner_id), str(photo.pk)) for photo in photos]
    names = {f"#{at}": name for at, name in enumerate(_OUTLINE)}
    only = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    records = (
        contract.from_item(contract.Photo, _shorten(item)) for item in _get_items(keys, consistent=False, **only)
    )
    return {UUID(record.photo_id): record for record in records}


def _shorten(item: contract.Item) -> contract.Item:
    thumbs = {name: each for name, each in item.get("renditions", {}).items() if name == contract.THUMB}
    hidden = item.get("denied_labels", set()) | item.get("added_labels", set())
    labels = [label for label in map(_shorten_label, item.get("labels", [])) if label[0] not in hidden]
    return {**item, "renditions": thumbs, "labels": sorted(labels, key=lambda label: -label[1])[:TOP_LABELS]}


def _shorten_label(label: Any) -> list[Any]:
    """Its name and confidence, of a row or of the older form."""
    return label[:2] if isinstance(label, list) else [label["name"], label["confidence"]]


def probe() -> None:
    """Raises `AWS_ERRORS` where DynamoDB does not answer within about a second."""
    aws.probe_table().get_item(Key=contract.preferences_item_key("readyz"))


def written(owner_id: UUID, *, after: str, limit: int) -> tuple[list[tuple[str, str]], bool]:
    """(photo id, when it was last written) of a person's records whose id comes after `after`, and whether there may be
    more: one call, that reads at most `limit`."""
    key = contract.photo_item_key(str(owner_id), after)
    answer = aws.table().query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": key["pk"], ":sk": contract.photo_item_key("", "")["sk"]},
        ProjectionExpression="photo_id, updated_at",
        Limit=limit,
        **({"ExclusiveStartKey": key} if after else {}),
    )
    return [(item["photo_id"], item["updated_at"]) for item in answer["Items"]], "LastEvaluatedKey" in answer


def get_batches(batches: Iterable[Model]) -> dict[UUID, contract.Batch]:
    """Records of batches, or of digests, by id, as they are now."""
    keys = [contract.batch_item_key(str(batch.pk)) for batch in batches]
    records = (contract.from_item(contract.Batch, item) for item in _get_items(keys, consistent=True))
    return {UUID(record.batch_id): record for record in records}


def get_batch(batch_id: UUID) -> contract.Batch | None:
    """The record of a batch, or of a digest, as it is now."""
    found = _get_items([contract.batch_item_key(str(batch_id))], consistent=True)
    return contract.from_item(contract.Batch, found[0]) if found else None


def _get_items(keys: Sequence[contract.Key], *, consistent: bool, **only: Any) -> list[contract.Item]:
    calls = (list(keys[at : at + KEYS_A_CALL]) for at in range(0, len(keys), KEYS_A_CALL))
    return [item for some in calls for item in _get_some(some, consistent=consistent, **only)]


def _get_some(keys: list[contract.Key], *, consistent: bool, **only: Any) -> list[contract.Item]:
    found: list[contract.Item] = []
    for tried in range(TRIES):
        if tried:
            time.sleep(random.uniform(0, 0.05 * 2**tried))  # noqa: S311 - spreads retries, hides nothing
        wanted = {settings.PHOTO_TABLE: {"Keys": keys, "ConsistentRead": consistent, **only}}
        answer = aws.table().meta.client.batch_get_item(RequestItems=wanted)
        found += answer["Responses"].get(settings.PHOTO_TABLE, [])
        keys = answer["UnprocessedKeys"].get(settings.PHOTO_TABLE, {}).get("Keys", [])
        if not keys:
            return found
    raise TimeoutError(f"DynamoDB left {len(keys)} records unread after {TRIES} tries")


# --- Writing ---------------------------------------------------------------------------------------------------------


def record_of(photo: Photo) -> contract.Photo:
    """The record that a row begins with: `uploading`, and what the row knows of the file."""
    return contract.Photo(
        owner_id=str(photo.owner_id),
        photo_id=str(photo.pk),
        status=contract.Status.UPLOADING.value,
        uploaded_at=clock.iso(photo.uploaded_at),
        updated_at=clock.iso(),
        key=photo.key,
        original=contract.Original(bytes=photo.bytes, sha256=photo.sha256),
        batch_id=str(photo.batch_id or ""),
        attempt=photo.attempt,
        asked_attempts=photo.attempt - 1,
    )


def put_photo(photo: Photo) -> bool:
    """Put a row's record, if there is none. False when there is."""
    return _if_allowed(aws.table().put_item, contract.put_new(record_of(photo))) is not None


def put_batch(batch: Batch, *, expected: int) -> bool:
    """Put a batch's record, if there is none. False when there is."""
    record = contract.Batch(batch_id=str(batch.pk), owner_id=str(batch.owner_id), expected=expected)
    return _if_allowed(aws.table().put_item, contract.put_new(record)) is not None


def put_digest(record: contract.Batch) -> bool:
    """Put the record of a digest, if there is none. False when there is."""
    return _if_allowed(aws.table().put_item, contract.put_new(record)) is not None


def request_run(
    seen: contract.Photo, run: contract.Run, *, lost: contract.Step | None = None, by_person: bool = False
) -> contract.Photo | None:
    """Let `run` claim the photo, unless its record is no longer as seen. `lost` is what became of the run before, if
    that died."""
    return _photo(contract.request_run_update(seen, run, now=clock.iso(), lost=lost, by_person=by_person))


def close(seen: contract.Photo, why: contract.Reason, *, lost: contract.Step | None = None) -> contract.Photo | None:
    """Close a photo as failed, unless its record is no longer as seen. `lost` is what became of its last run."""
    return _photo(contract.close_update(seen, why, now=clock.iso(), lost=lost))


def request_relabel(seen: contract.Photo, run: contract.Run) -> contract.Photo | None:
    """Let `run` store labels that it looks for anew, unless the record is no longer as seen."""
    return _photo(contract.request_relabel_update(seen, run))


def end_relabel(photo: Photo, run_id: str) -> contract.Photo | None:
    """Let a run that was to look for labels anew store none any more. None when it could not any more."""
    return _photo(contract.end_relabel_update(str(photo.owner_id), str(photo.pk), run_id))


def restore_labels(before: contract.Photo, run_id: str) -> contract.Photo | None:
    """Bring back the labels of `before`, unless those of now are not what `run_id` found."""
    return _photo(contract.restore_labels_update(before, run_id, now=clock.iso()))


def begin_delete(photo: Photo) -> contract.Photo | None:
    """Shut every run's fence; returns the record as it was until then. None when there is none."""
    arguments = contract.deleting_update(str(photo.owner_id), str(photo.pk), now=clock.iso())
    return _photo({**arguments, "ReturnValues": "ALL_OLD"})


def erase(photo: Photo) -> None:
    """Remove a photo's record; none is as good."""
    aws.table().delete_item(Key=contract.photo_item_key(str(photo.owner_id), str(photo.pk)))


def deny_label(photo: Photo, name: str) -> contract.Photo | None:
    """Note that the owner says "not this". None when the photo is gone."""
    return _photo(contract.deny_label_update(str(photo.owner_id), str(photo.pk), name))


def add_label(photo: Photo, name: str) -> contract.Photo | None:
    """Note that the owner says "also this". None when the photo is gone, or has as many as it may have."""
    return _photo(contract.add_label_update(str(photo.owner_id), str(photo.pk), name))


def uncorrect_label(photo: Photo, name: str) -> contract.Photo | None:
    """Forget what the owner said of a label. None when the photo is gone."""
    return _photo(contract.uncorrect_label_update(str(photo.owner_id), str(photo.pk), name))


def forget_place(record: contract.Photo) -> contract.Photo | None:
    """Forget where a photo was taken. None when the photo is gone."""
    return _photo(contract.forget_place_update(record.owner_id, record.photo_id))


def count_in_batch(batch_id: UUID | str, photo_id: UUID | str, status: str) -> contract.Batch | None:
    """Count a photo's end; again changes nothing. None when there is no such batch."""
    return _batch(contract.batch_outcome_update(str(batch_id), str(photo_id), status))


def leave_batch(batch_id: UUID | str, photo_id: UUID | str) -> contract.Batch | None:
    """Take a photo out of its batch, once. None when it has left before, or there is no such batch."""
    return _batch(contract.leave_batch_update(str(batch_id), str(photo_id)))


def expect(seen: contract.Batch, expected: int) -> contract.Batch | None:
    """Let a batch expect fewer photos than before. None when others joined or left meanwhile."""
    return _batch(contract.expect_update(seen, expected))


def _photo(arguments: contract.UpdateArguments) -> contract.Photo | None:
    answer = _if_allowed(aws.table().update_item, arguments)
    return contract.from_item(contract.Photo, answer["Attributes"]) if answer else None


def _batch(arguments: contract.UpdateArguments) -> contract.Batch | None:
    answer = _if_allowed(aws.table().update_item, arguments)
    return contract.from_item(contract.Batch, answer["Attributes"]) if answer else None


def _if_allowed(write: Callable[..., Any], arguments: contract.UpdateArguments) -> dict[str, Any] | None:
    try:
        return write(**arguments)
    except aws.table().meta.client.exceptions.ConditionalCheckFailedException:
        return None


# --- What a record says ----------------------------------------------------------------------------------------------


def awaited_run(record: contract.Photo) -> str:
    """The run that the site has asked for and that has not claimed the photo yet, or an empty string."""
    asked = record.status != contract.Status.DELETING and record.requested_run != record.run_id
    return record.requested_run if asked else ""


def status_of(record: contract.Photo) -> str:
    """Where a photo stands for its owner: one that is to be run again is being processed, however it ended before."""
    return contract.Status.PROCESSING.value if awaited_run(record) else record.status


def is_open(record: contract.Photo) -> bool:
    return status_of(record) in contract.OPEN
