from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.access import attach_only, ensure_user, provide_key
from infra.local.secret_store import SecretStore

USER = "shoebox-site"


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("iam", "us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
        ensure_user(client, USER)
        yield client


@pytest.fixture
def secrets(tmp_path: Path) -> SecretStore:
    return SecretStore(tmp_path / "secrets.json")


DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


def make_policy(iam: Any, name: str) -> str:
    return iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)["Policy"]["Arn"]


def test_user_that_exists_is_no_error(iam: Any) -> None:
    ensure_user(iam, USER)
    assert [each["UserName"] for each in iam.list_users()["Users"]] == [USER]


def test_user_keeps_the_one_policy_and_loses_all_others(iam: Any) -> None:
    wanted, other = make_policy(iam, "Wanted"), make_policy(iam, "Other")
    iam.attach_user_policy(UserName=USER, PolicyArn=other)
    iam.put_user_policy(UserName=USER, PolicyName="Inline", PolicyDocument=DOCUMENT)
    attach_only(iam, USER, wanted)
    attached = iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [wanted]
    assert iam.list_user_policies(UserName=USER)["PolicyNames"] == []


def test_second_start_uses_the_key_of_the_first(iam: Any, secrets: SecretStore) -> None:
    first = provide_key(iam, USER, secrets)
    assert provide_key(iam, USER, secrets) == first
    assert len(iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 1


def test_key_whose_secret_is_lost_is_replaced(iam: Any, secrets: SecretStore, tmp_path: Path) -> None:
    lost = provide_key(iam, USER, secrets)
    (tmp_path / "secrets.json").unlink()
    new = provide_key(iam, USER, secrets)
    there = [each["AccessKeyId"] for each in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]]
    assert there == [new["AccessKeyId"]] != [lost["AccessKeyId"]]


def test_key_that_the_local_aws_has_forgotten_is_replaced(iam: Any, secrets: SecretStore) -> None:
    secrets.keep(USER, {"AccessKeyId": "AKIAFORGOTTEN", "SecretAccessKey": "x"})
    assert provide_key(iam, USER, secrets)["AccessKeyId"] != "AKIAFORGOTTEN"
