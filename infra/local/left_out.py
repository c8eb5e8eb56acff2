"""What MiniStack's CloudFormation leaves out of a resource, set by the services' own calls from the same template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .aws import Aws


def set_what_is_left_out(aws: Aws, template: Mapping[str, Any], resources: Mapping[str, str]) -> None:
    """Set lifecycles of buckets and expiry of tables, which it ignores."""
    for name, properties in _declared(template, "AWS::S3::Bucket", "LifecycleConfiguration"):
        rules = [lifecycle_rule(rule) for rule in properties["Rules"]]
        aws.client("s3").put_bucket_lifecycle_configuration(
            Bucket=resources[name], LifecycleConfiguration={"Rules": rules}
        )
    for name, properties in _declared(template, "AWS::DynamoDB::Table", "TimeToLiveSpecification"):
        set_expiry(aws.client("dynamodb"), resources[name], properties)


def set_expiry(dynamodb: Any, table: str, wanted: Mapping[str, Any]) -> None:
    """Turn a table's time to live on or off as the template says; asking for what it is already is an error."""
    now = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if now.startswith("ENABL") != bool(wanted["Enabled"]):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=dict(wanted))


def lifecycle_rule(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A lifecycle rule as S3's own call takes it, from CloudFormation's form of it."""
    rule = {key: value for key, value in declared.items() if key not in ("Id", "Prefix", "ExpirationInDays")}
    rule["Filter"] = {"Prefix": declared.get("Prefix", "")}
    if "Id" in declared:
        rule["ID"] = declared["Id"]
    if "ExpirationInDays" in declared:
        rule["Expiration"] = {"Days": declared["ExpirationInDays"]}
    return rule


def _declared(template: Mapping[str, Any], kind: str, name: str) -> Iterator[tuple[str, Any]]:
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == kind and name in resource.get("Properties", {}):
            yield logical_id, resource["Properties"][name]
