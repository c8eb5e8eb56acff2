"""Every DynamoDB call about analyses, with the condition under which it may write.

An analysis is shared by all photos of an owner that have the same bytes. A run takes its lease before it pays for
answers, and its photo joins those that use the analysis in the same transaction that sees the photo still its own: so
a photo that is being deleted leaves no analysis behind, and its record knows by which content to look for it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .contract import (
    Analysis,
    Item,
    Key,
    Pause,
    Run,
    analysis_item_key,
    from_item,
    pause_item_key,
    photo_item_key,
    to_attribute,
)
from .errors import LeaseLost, Overtaken
from .fences import fence
from .labels import Answer

_REFUSED = "ConditionalCheckFailed"
_NOT_NOW = {"None", _REFUSED, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


@dataclass(frozen=True)
class Subject:
    """What `run` needs analysed: one content, and the parameters of its questions."""

    run: Run
    sha256: str
    parameters: str

    @property
    def key(self) -> Key:
        return analysis_item_key(self.run.owner_id, self.sha256, self.parameters)


def get_analysis(table: Any, subject: Subject) -> Analysis:
    """The analysis as it is now; an empty one when there is none."""
    item = table.get_item(Key=subject.key, ConsistentRead=True).get("Item")
    return from_item(Analysis, item) if item else Analysis(subject.run.owner_id, subject.sha256, subject.parameters)


def get_pause(table: Any) -> Pause | None:
    """Whether, and until when, nothing may be paid for. Read as cheaply as can be: a second late does no harm."""
    item = table.get_item(Key=pause_item_key()).get("Item")
    return from_item(Pause, item) if item else None


def is_free(analysis: Analysis, run: Run, *, now: str) -> bool:
    """Whether `run` may try to take the lease: nobody has it, it has ended, or it is of a run of the same photo. That
    is the run itself, or one before it: it has lost the photo, and most likely died."""
    claimed_by = analysis.claimed_by
    return not claimed_by or claimed_by.startswith(_runs_of(run)) or analysis.lease_until < now


def _runs_of(run: Run) -> str:
    """What the names of all runs of a photo begin with."""
    return f"{run.photo_id}-"


def claim_analysis(table: Any, subject: Subject, *, now: str, until: str) -> bool:
    """Take the lease, and use the analysis for the run's photo. False when somebody else has the lease.

    Raises Overtaken when the photo is no longer the run's.
    """
    return _write_with_photo(
        table,
        subject,
        UpdateExpression="ADD photos :photos SET owner_id = :owner, sha256 = :sha256, #parameters = :parameters"
        ", claimed_by = :run, lease_until = :until",
        ConditionExpression="attribute_not_exists(claimed_by) OR begins_with(claimed_by, :runs) OR lease_until < :now",
        ExpressionAttributeNames={"#parameters": "parameters"},
        ExpressionAttributeValues={
            ":photos": {subject.run.photo_id},
            ":owner": subject.run.owner_id,
            ":sha256": subject.sha256,
            ":parameters": subject.parameters,
            ":run": subject.run.run_id,
            ":runs": _runs_of(subject.run),
            ":until": until,
            ":now": now,
        },
    )


def join_analysis(table: Any, subject: Subject) -> bool:
    """Use an analysis that needs no more answers for the run's photo. False when it is gone.

    Raises Overtaken when the photo is no longer the run's.
    """
    return _write_with_photo(
        table,
        subject,
        UpdateExpression="ADD photos :photos",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":photos": {subject.run.photo_id}},
    )


def save_answer(table: Any, subject: Subject, name: str, answer: Answer) -> None:
    """Keep a finished answer, and who has paid for it. Raises LeaseLost when the lease is no longer the run's."""
    try:
        table.update_item(
            Key=subject.key,
            UpdateExpression="SET #name = :answer, #payer = :run",
            ConditionExpression="claimed_by = :run",
            ExpressionAttributeNames={"#name": name, "#payer": f"{name}_run"},
            ExpressionAttributeValues={":answer": to_attribute(answer), ":run": subject.run.run_id},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException as error:
        raise LeaseLost(subject.run.run_id) from error


def release_analysis(table: Any, subject: Subject) -> None:
    """Give the lease back, if it is still the run's."""
    with suppress(table.meta.client.exceptions.ConditionalCheckFailedException):
        table.update_item(
            Key=subject.key,
            UpdateExpression="REMOVE claimed_by, lease_until",
            ConditionExpression="claimed_by = :run",
            ExpressionAttributeValues={":run": subject.run.run_id},
        )


def _write_with_photo(table: Any, subject: Subject, **update: Any) -> bool:
    client = table.meta.client
    theirs = {"TableName": table.name, "Key": subject.key, **update}
    try:
        client.transact_write_items(TransactItems=[{"Update": _note_content(table, subject)}, {"Update": theirs}])
    except client.exceptions.TransactionCanceledException as error:
        photo, analysis = (each["Code"] for each in error.response["CancellationReasons"])
        if photo == _REFUSED:
            raise Overtaken(subject.run.run_id) from error
        if not {photo, analysis} <= _NOT_NOW:
            raise
        return False
    return True


def _note_content(table: Any, subject: Subject) -> Item:
    still_its_own, values = fence(subject.run)
    return {
        "TableName": table.name,
        "Key": photo_item_key(subject.run.owner_id, subject.run.photo_id),
        "UpdateExpression": "SET #original.sha256 = :sha256",
        "ConditionExpression": still_its_own,
        "ExpressionAttributeNames": {"#original": "original", "#status": "status"},
        "ExpressionAttributeValues": {":sha256": subject.sha256, **values},
    }
