"""The writes of a photo's owner: what they say of its labels, and what is to be forgotten."""

from __future__ import annotations

from .analysis import Analysis
from .photo import Status
from .table import UpdateArguments, analysis_item_key, conditional_update, photo_item_key

MAX_ADDED_LABELS = 50


def deleting_update(owner_id: str, photo_id: str, *, now: str) -> UpdateArguments:
    """The site begins to delete a photo: from here every run's fence is shut."""
    return conditional_update(
        photo_item_key(owner_id, photo_id),
        "SET #status = :deleting, updated_at = :now REMOVE requested_run, run_id",
        where="attribute_exists(pk)",
        names={"#status": "status"},
        values={":deleting": Status.DELETING.value, ":now": now},
    )


def deny_label_update(owner_id: str, photo_id: str, name: str) -> UpdateArguments:
    """The owner says "not this": the label is not shown, whatever a later analysis finds."""
    return _correct(owner_id, photo_id, "ADD denied_labels :name DELETE added_labels :name", name)


def add_label_update(owner_id: str, photo_id: str, name: str) -> UpdateArguments:
    """The owner says "also this", of at most `MAX_ADDED_LABELS` labels."""
    arguments = _correct(owner_id, photo_id, "ADD added_labels :name DELETE denied_labels :name", name)
    arguments["ConditionExpression"] += " AND (attribute_not_exists(added_labels) OR size(added_labels) < :most)"
    arguments["ExpressionAttributeValues"][":most"] = MAX_ADDED_LABELS
    return arguments


def uncorrect_label_update(owner_id: str, photo_id: str, name: str) -> UpdateArguments:
    """The owner takes back what they said of a label."""
    return _correct(owner_id, photo_id, "DELETE denied_labels :name, added_labels :name", name)


def _correct(owner_id: str, photo_id: str, update: str, name: str) -> UpdateArguments:
    return conditional_update(
        photo_item_key(owner_id, photo_id),
        update,
        where="attribute_exists(pk) AND #status <> :deleting",
        names={"#status": "status"},
        values={":name": {name}, ":deleting": Status.DELETING.value},
    )


def forget_place_update(owner_id: str, photo_id: str) -> UpdateArguments:
    """The owner no longer wants the place kept."""
    return conditional_update(photo_item_key(owner_id, photo_id), "REMOVE place", where="attribute_exists(pk)")


def forget_analysis_update(analysis: Analysis, photo_id: str) -> UpdateArguments:
    """A deleted photo no longer uses an analysis."""
    key = analysis_item_key(analysis.owner_id, analysis.sha256, analysis.parameters)
    return conditional_update(key, "DELETE photos :photo", where="attribute_exists(pk)", values={":photo": {photo_id}})
