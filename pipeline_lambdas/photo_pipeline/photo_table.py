"""Every DynamoDB call about photos, batches and preferences, with the condition under which it may write."""

from __future__ import annotations

from typing import Any

from .contract import (
    SMS_A_DAY_EACH,
    TERMINAL,
    Batch,
    Item,
    Photo,
    Place,
    Preferences,
    Run,
    Status,
    Step,
    Usage,
    batch_item_key,
    batch_outcome_update,
    count_update,
    from_item,
    photo_item_key,
    preferences_item_key,
    sms_of_all_key,
    sms_of_person_key,
    to_attribute,
)
from .errors import Overtaken
from .fences import fence
from .metering import update_units
from .results import Ending

_MAY_CLAIM = (
    "(#status = :uploading AND attribute_not_exists(requested_run))"
    " OR requested_run = :run OR (#status = :processing AND run_id = :run)"
)


def claim_photo(table: Any, run: Run, *, now: str) -> Photo:
    """Take the photo for `run`: one that waits, or one that the site asked this run for. The same run may do so again.

    Raises Overtaken when another run has it, or when it is gone.
    """
    item = _conditional(
        table,
        Key=photo_item_key(run.owner_id, run.photo_id),
        UpdateExpression="SET #status = :processing, run_id = :run, updated_at = :now REMOVE requested_run, reason",
        ConditionExpression=_MAY_CLAIM,
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":processing": Status.PROCESSING.value,
            ":uploading": Status.UPLOADING.value,
            ":run": run.run_id,
            ":now": now,
        },
        ReturnValues="ALL_NEW",
    )
    if item is None:
        raise Overtaken(run.run_id)
    return from_item(Photo, item)


def keep_place(table: Any, run: Run, place: Place) -> None:
    """Write where the photo was taken, if it is still the run's. Not in the state between the steps, which Step
    Functions keeps for months."""
    _conditional(
        table,
        Key=photo_item_key(run.owner_id, run.photo_id),
        UpdateExpression="SET place = :place",
        ConditionExpression="run_id = :run AND #status = :processing",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":place": to_attribute(place),
            ":run": run.run_id,
            ":processing": Status.PROCESSING.value,
        },
    )


UPDATE = "DynamoDB.UpdateItem"
# What a photo uses by being counted in a batch that is small. What more a large one takes, NotifyUser notes.
COUNTING = Usage(requests={UPDATE: 1}, write_units=1)
ID_BYTES, BATCH_BYTES = 36, 300
OTHER_ATTRIBUTES = 1000  # about what a record holds in bytes besides what its end writes


def finish_photo(table: Any, run: Run, ending: Ending, *, now: str, usage: Usage) -> Photo:
    """Write how `run` ended, if the photo is still its own, and what it used: `usage`, and this write itself. Again by
    the same run changes nothing.

    Raises Overtaken when it is not.
    """
    values = {f":{name}": to_attribute(value) for name, value in ending.attributes.items()}
    steps = to_attribute(ending.steps)
    item = _conditional(
        table,
        Key=photo_item_key(run.owner_id, run.photo_id),
        UpdateExpression="SET #status = :status, updated_at = :now"
        ", #steps = list_append(if_not_exists(#steps, :none), :steps)"
        ", #usage = list_append(if_not_exists(#usage, :none), :usage)"
        + "".join(f", #{name} = :{name}" for name in ending.attributes),
        ConditionExpression="run_id = :run AND #status = :processing",
        ExpressionAttributeNames={f"#{name}": name for name in ("status", "steps", "usage", *ending.attributes)},
        ExpressionAttributeValues={
            ":status": ending.status.value,
            ":processing": Status.PROCESSING.value,
            ":run": run.run_id,
            ":now": now,
            ":none": [],
            ":steps": steps,
            ":usage": _noted(usage, by=run, with_write_of=[values, steps], now=now),
        }
        | values,
        ReturnValues="ALL_NEW",
    )
    return from_item(Photo, item) if item is not None else _finished_before(table, run)


def _noted(usage: Usage, *, by: Run, with_write_of: list[Any], now: str) -> list[Any]:
    """An entry of what a run used, with the write that notes it."""
    units = update_units(with_write_of, beside=OTHER_ATTRIBUTES)
    itself = Usage(requests={UPDATE: 1}, write_units=units, run_id=by.run_id, at=now)
    return [to_attribute(itself + usage)]


def _finished_before(table: Any, run: Run) -> Photo:
    photo = get_photo(table, run.owner_id, run.photo_id)
    if photo is None or photo.run_id != run.run_id or photo.status not in TERMINAL:
        raise Overtaken(run.run_id)
    return photo


def store_labels(table: Any, run: Run, found: Item, *, step: Step, now: str, usage: Usage) -> None:
    """Write the labels that a run looked for anew (`labels` and `label_model`), if the photo is still its own. Again by
    the same run changes nothing. Raises Overtaken when it is not."""
    still_its_own, values = fence(run)
    labels, steps = to_attribute(found["labels"]), to_attribute([step])
    assert run.relabel is not None
    anew = {":anew": run.relabel.anew} if run.relabel.anew else {}
    item = _conditional(
        table,
        Key=photo_item_key(run.owner_id, run.photo_id),
        UpdateExpression="SET labels = :labels, label_model = :model, labelled_by = :run, updated_at = :now"
        ", #steps = list_append(if_not_exists(#steps, :none), :steps)"
        ", #usage = list_append(if_not_exists(#usage, :none), :usage)"
        + (", asked_anew = :anew" if anew else "")
        + " REMOVE relabel_run",
        ConditionExpression=still_its_own,
        ExpressionAttributeNames={"#status": "status", "#steps": "steps", "#usage": "usage"},
        ExpressionAttributeValues=values
        | anew
        | {
            ":labels": labels,
            ":model": found["label_model"],
            ":now": now,
            ":none": [],
            ":steps": steps,
            ":usage": _noted(usage, by=run, with_write_of=[labels, steps], now=now),
        },
    )
    photo = get_photo(table, run.owner_id, run.photo_id) if item is None else None
    if item is None and (photo is None or photo.labelled_by != run.run_id):
        raise Overtaken(run.run_id)


def fail_labels(table: Any, run: Run, failure: Step, *, now: str, usage: Usage) -> None:
    """Note why a run found no labels anew; the photo stays as it was."""
    still_its_own, values = fence(run)
    _conditional(
        table,
        Key=photo_item_key(run.owner_id, run.photo_id),
        UpdateExpression="SET relabel_failure = :failure"
        ", #usage = list_append(if_not_exists(#usage, :none), :usage) REMOVE relabel_run",
        ConditionExpression=still_its_own,
        ExpressionAttributeNames={"#status": "status", "#usage": "usage"},
        ExpressionAttributeValues=values
        | {
            ":failure": to_attribute(failure),
            ":none": [],
            ":usage": _noted(usage, by=run, with_write_of=[to_attribute(failure)], now=now),
        },
    )


def count_in_batch(table: Any, photo: Photo) -> Batch | None:
    """Count a finished photo in its batch, and return the batch; None for a photo that has none (any more)."""
    if not photo.batch_id:
        return None
    item = _conditional(table, **batch_outcome_update(photo.batch_id, photo.photo_id, photo.status))
    return from_item(Batch, item) if item else None


def claim_notice(table: Any, batch_id: str, *, token: str, now: str, told_by: str, usage: Usage) -> Batch | None:
    """Take the right to tell about a batch that is due, and return it; None when somebody else has it. `told_by` is how
    it is told, or why it is not.

    `token` is made anew by each who tries, so that a second try of the same call, whose first answer got lost, is not
    taken for somebody else's. A batch cannot become incomplete again: photos that leave it lower what it expects.
    `usage` is what telling has used, with this write.
    """
    item = _conditional(
        table,
        Key=batch_item_key(batch_id),
        UpdateExpression="SET claimed_at = :now, claim_token = :mine, told_by = :told_by, #usage = :usage",
        ConditionExpression="attribute_exists(pk) AND (attribute_not_exists(claimed_at) OR claim_token = :mine)",
        ExpressionAttributeNames={"#usage": "usage"},
        ExpressionAttributeValues={
            ":now": now,
            ":mine": token,
            ":told_by": told_by,
            ":usage": to_attribute(usage),
        },
        ReturnValues="ALL_NEW",
    )
    return from_item(Batch, item) if item else None


def release_notice(table: Any, batch_id: str, *, token: str, refused: bool, usage: Usage) -> None:
    """Nothing was sent, for sure, so another may try; a refusal by SES or SNS counts, and only a few are allowed.
    `usage` is what telling has used, with this write."""
    _conditional(
        table,
        Key=batch_item_key(batch_id),
        UpdateExpression="SET #usage = :usage REMOVE claimed_at, claim_token ADD refusals :counted",
        ConditionExpression="claim_token = :mine AND attribute_not_exists(sent_at)",
        ExpressionAttributeNames={"#usage": "usage"},
        ExpressionAttributeValues={":mine": token, ":counted": int(refused), ":usage": to_attribute(usage)},
    )


def mark_sent(table: Any, batch_id: str, *, token: str, now: str, usage: Usage) -> None:
    """Note that the notice was sent, and what telling has used, with this write."""
    _conditional(
        table,
        Key=batch_item_key(batch_id),
        UpdateExpression="SET sent_at = :now, #usage = :usage",
        ConditionExpression="claim_token = :mine",
        ExpressionAttributeNames={"#usage": "usage"},
        ExpressionAttributeValues={":mine": token, ":now": now, ":usage": to_attribute(usage)},
    )


def count_sms(table: Any, owner_id: str, *, a_day: int, now: str) -> bool:
    """Count a text message of today's, to one person and to everybody. False when there were as many as may be."""
    of_person = count_update(sms_of_person_key(owner_id, now), at_most=SMS_A_DAY_EACH, now=now)
    of_all = count_update(sms_of_all_key(now), at_most=a_day, now=now)
    return all(_conditional(table, **counted) is not None for counted in (of_person, of_all))


def counting_surplus(batch: Batch) -> Usage:
    """What counting the photos of a batch took beyond `COUNTING`: its item grows with each, and with it the writes. The
    record of a digest is written whole."""
    if batch.kind:
        return Usage()
    return Usage(write_units=sum(_batch_units(count) - 1 for count in range(1, len(batch.counted) + 1)))


def noting(batch: Batch) -> Usage:
    """What one write of a complete batch uses."""
    return Usage(requests={UPDATE: 1}, write_units=_batch_units(len(batch.counted)))


def _batch_units(counted: int) -> int:
    """Units of a write of a batch that holds so many ids."""
    return update_units([], beside=BATCH_BYTES + counted * ID_BYTES)


def get_photo(table: Any, owner_id: str, photo_id: str) -> Photo | None:
    item = table.get_item(Key=photo_item_key(owner_id, photo_id), ConsistentRead=True).get("Item")
    return from_item(Photo, item) if item else None


def get_batch(table: Any, batch_id: str) -> Batch | None:
    item = table.get_item(Key=batch_item_key(batch_id), ConsistentRead=True).get("Item")
    return from_item(Batch, item) if item else None


def get_preferences(table: Any, owner_id: str) -> Preferences | None:
    item = table.get_item(Key=preferences_item_key(owner_id), ConsistentRead=True).get("Item")
    return from_item(Preferences, item) if item else None


def _conditional(table: Any, **arguments: Any) -> Item | None:
    """The item after `update_item`, or None when its condition does not hold."""
    try:
        return table.update_item(**arguments).get("Attributes", {})
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return None
