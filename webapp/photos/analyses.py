"""What Rekognition answered about a content: the pipeline keeps it for the photos that use it; the last takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from django.db import IntegrityError, transaction

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws
from webapp.costs import spending
from webapp.photos import catalog
from webapp.photos.models import Photo


def forget(photo: Photo, *, note: Callable[[list[contract.Analysis]], None] = lambda _: None) -> None:
    """Take a photo from the analyses that it uses, and erase those that no photo uses any more; safe to repeat. Before
    anything is written `note` gets all of its content.

    The photo's fence must be shut: then it joins none again, and a lease that is left on its analysis is a dead run's.
    """
    found = list(_of_content(photo))
    note(found)
    for analysis in found:
        if str(photo.pk) in analysis.photos:
            _write("update_item", contract.forget_analysis_update(analysis, str(photo.pk)))
        _erase_unused(analysis)


def note_paid(photos: Iterable[Photo]) -> None:
    """Have it counted what runs of photos have paid for that did not come to a good end: their records do not tell. Of
    a photo that goes meanwhile its deletion has it counted."""
    for photo in photos:
        found = list(_of(photo, {photo.sha256}))
        with suppress(IntegrityError), transaction.atomic():
            spending.note_paid(photo, found)


def _of_content(photo: Photo) -> Iterator[contract.Analysis]:
    """Analyses of the photo's content, whoever uses them. A run that claims one notes the content in the record."""
    record = catalog.get(photo)
    return _of(photo, {photo.sha256, record.original.sha256 if record else ""})


def _of(photo: Photo, contents: set[str]) -> Iterator[contract.Analysis]:
    for sha256 in sorted(contents - {""}):
        prefix = contract.analysis_item_key(str(photo.owner_id), sha256, "")
        pages = (
            aws.table()
            .meta.client.get_paginator("query")
            .paginate(
                TableName=aws.table().name,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
                ExpressionAttributeValues={":pk": prefix["pk"], ":sk": prefix["sk"]},
                ConsistentRead=True,
            )
        )
        yield from (contract.from_item(contract.Analysis, item) for page in pages for item in page["Items"])


def _erase_unused(analysis: contract.Analysis) -> None:
    key = contract.analysis_item_key(analysis.owner_id, analysis.sha256, analysis.parameters)
    _write("delete_item", {"Key": key, "ConditionExpression": "attribute_not_exists(photos)"})


def _write(operation: str, arguments: contract.UpdateArguments) -> None:
    """A write whose condition does not hold has nothing to do: the analysis is used, or gone."""
    table = aws.table()
    with suppress(table.meta.client.exceptions.ConditionalCheckFailedException):
        getattr(table, operation)(**arguments)
