"""Asking the pipeline to tell a person that a batch is done."""

from __future__ import annotations

import json

from django.conf import settings

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws


def ask_if_due(batch: contract.Batch | None) -> bool:
    """Ask for a batch's notice if it is due and not empty. NotifyUser claims it first, so asking twice tells once."""
    if batch is None or batch.expected < 1 or not batch.is_due:
        return False
    ask(batch)
    return True


def ask(batch: contract.Batch) -> None:
    """Ask for the notice of a batch, or of a digest, whose record is there."""
    aws.lambda_().invoke(
        FunctionName=settings.NOTIFY_USER_FUNCTION,
        InvocationType="Event",
        Payload=json.dumps({"batch_id": batch.batch_id}).encode(),
    )
