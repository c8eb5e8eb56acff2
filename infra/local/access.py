"""The local AWS's users: the site with the template's policy for it, and the Rekognition server with one of its own."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

from .aws import Aws
from .deploy import Deployment
from .secret_store import SecretStore
from .stack import REGION, StackError

AccessKey = dict[str, str]


def provide_site_key(aws: Aws, deployment: Deployment, secrets: SecretStore) -> AccessKey:
    """An access key of a user that may do what SitePolicy says. Raises `StackError` when it may do more."""
    user = f"{deployment.name}-site"
    iam = aws.client("iam")
    ensure_user(iam, user)
    attach_only(iam, user, deployment.outputs["SitePolicyArn"])
    key = provide_key(iam, user, secrets)
    require_enforcement(aws, key)
    return key


def provide_rekognition_key(aws: Aws, deployment: Deployment, secrets: SecretStore) -> AccessKey:
    """An access key of a user that may read the renditions bucket and nothing else."""
    user = f"{deployment.name}-rekognition"
    iam = aws.client("iam")
    ensure_user(iam, user)
    readable = f"arn:aws:s3:::{deployment.outputs['RenditionsBucketName']}/*"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": readable}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName=user, PolicyName="ReadRenditions", PolicyDocument=json.dumps(policy))
    return provide_key(iam, user, secrets)


def ensure_user(iam: Any, user: str) -> None:
    try:
        iam.create_user(UserName=user)
    except iam.exceptions.EntityAlreadyExistsException:
        return


def attach_only(iam: Any, user: str, policy_arn: str) -> None:
    """Leave the user one managed policy and no inline ones."""
    attached = {each["PolicyArn"] for each in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]}
    for other in attached - {policy_arn}:
        iam.detach_user_policy(UserName=user, PolicyArn=other)
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    iam.attach_user_policy(UserName=user, PolicyArn=policy_arn)


def provide_key(iam: Any, user: str, secrets: SecretStore) -> AccessKey:
    """The user's key that is kept here, or a new one in place of those whose secret is lost."""
    there = {each["AccessKeyId"] for each in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]}
    kept = secrets.get(user)
    if kept and kept["AccessKeyId"] in there:
        return kept
    for lost in there:
        iam.delete_access_key(UserName=user, AccessKeyId=lost)
    new = iam.create_access_key(UserName=user)["AccessKey"]
    return secrets.keep(user, {name: new[name] for name in ("AccessKeyId", "SecretAccessKey")})


def require_enforcement(aws: Aws, key: AccessKey) -> None:
    """Raises `StackError` unless the key's owner is refused something that no policy gives."""
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    try:
        session.client("iam", endpoint_url=aws.endpoint_url).list_users()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
            return
        raise
    raise StackError("The local AWS lets the site do what its policy does not allow; it should run with AUTH=true.")
