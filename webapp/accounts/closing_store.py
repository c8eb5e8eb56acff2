"""What AWS holds of a person under keys of their own, whatever wrote it: the rest, once their photos are gone."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws

PREFIXES = {
    "ORIGINALS_BUCKET": ("originals",),
    "RENDITIONS_BUCKET": ("renditions", "exports"),
}


def erase_objects(owner_id: UUID) -> None:
    """Remove every object of a person from both buckets, in all its versions; safe to repeat."""
    for bucket, kinds in PREFIXES.items():
        for kind in kinds:
            _erase_under(getattr(settings, bucket), f"{kind}/{owner_id}/")


def _erase_under(bucket: str, prefix: str) -> None:
    pages = aws.s3().get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for each in versions:
            version = {} if each["VersionId"] == "null" else {"VersionId": each["VersionId"]}
            aws.s3().delete_object(Bucket=bucket, Key=each["Key"], **version)


def erase_items(owner_id: UUID) -> None:
    """Remove every item of a person from the table; safe to repeat."""
    key = contract.preferences_item_key(str(owner_id))
    pages = (
        aws.table()
        .meta.client.get_paginator("query")
        .paginate(
            TableName=settings.PHOTO_TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": key["pk"]},
            ProjectionExpression="pk, sk",
            ConsistentRead=True,
        )
    )
    for page in pages:
        for item in page["Items"]:
            aws.table().delete_item(Key={"pk": item["pk"], "sk": item["sk"]})


def erase_batches(batch_ids: Iterable[UUID]) -> None:
    for batch_id in batch_ids:
        aws.table().delete_item(Key=contract.batch_item_key(str(batch_id)))
