"""The real template on the real local AWS."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.deploy import DeployError, deploy_pipeline
from infra.local.package import Template
from infra.local.stack import ACCOUNT, MAIL_SENDER, REGION, ROOT, STAFF_EMAIL, clean_env

from .running import RunningStack, without_statement
from .site import new_address


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_site_and_its_probes_answer_when_the_stack_is_ready(stack: RunningStack) -> None:
    with urllib.request.urlopen(f"{stack.site_url}/readyz") as response:
        assert json.load(response) == {"database": True, "table": True}


def test_every_output_that_the_site_needs_is_there(stack: RunningStack) -> None:
    assert stack.outputs.keys() >= {
        "OriginalsBucketName", "RenditionsBucketName", "PhotoTableName", "StateMachineArn", "NotifyUserFunctionName",
        "TasksQueueUrl", "SitePolicyArn", "DeadLetterQueueUrl", "FeedbackQueueUrl", "MailConfigurationSetName",
    }  # fmt: skip
    assert stack.outputs["TasksQueueUrl"].startswith(stack.parts.aws_url)


def test_deploying_what_is_deployed_changes_nothing(stack: RunningStack) -> None:
    again = deploy_pipeline(stack.parts)
    assert not again.changed
    assert again.outputs == stack.outputs


def test_lifecycle_that_cloudformation_ignores_is_set(stack: RunningStack) -> None:
    s3 = stack.aws.client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=stack.outputs["OriginalsBucketName"])["Rules"]
    assert "unfinished-uploads" in {rule["ID"] for rule in rules}


def test_state_machine_has_no_placeholder_left(stack: RunningStack) -> None:
    found = stack.aws.client("stepfunctions").describe_state_machine(stateMachineArn=stack.outputs["StateMachineArn"])
    assert "${" not in found["definition"]
    assert json.loads(found["definition"])["States"]["ResizeImage"]["Resource"].startswith("arn:aws:lambda:")


def test_changed_template_updates_the_stack_in_place(stack: RunningStack) -> None:
    def with_more_memory(template: Template) -> Template:
        template["Resources"]["StoreMetadata"]["Properties"]["MemorySize"] = 384
        return template

    first = stack.deploy_variant("update")
    second = stack.deploy_variant("update", with_more_memory)
    function = stack.aws.client("lambda").get_function_configuration(FunctionName=second.resources["StoreMetadata"])
    assert (second.changed, function["MemorySize"]) == (True, 384)
    assert second.outputs == first.outputs


def test_edited_function_runs_its_new_code(stack: RunningStack, tmp_path: Path) -> None:
    source = tmp_path / "pipeline_lambdas"
    shutil.copytree(ROOT / "pipeline_lambdas", source, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "photo_pipeline" / "handlers" / "store_metadata.py").write_text("def handler(*_): return 'edited'\n")

    def with_edited_source(template: Template) -> Template:
        template["Globals"]["Function"]["CodeUri"] = str(source)
        return template

    stack.deploy_variant("edited")
    variant = stack.deploy_variant("edited", with_edited_source)
    answer = stack.aws.client("lambda").invoke(FunctionName=variant.resources["StoreMetadata"], Payload=b"{}")
    assert json.load(answer["Payload"]) == "edited"


def test_statement_taken_out_is_gone_from_the_deployed_role(stack: RunningStack) -> None:
    variant = stack.deploy_variant("fewer", without_statement("ResizeImage", "WriteRenditions"))
    iam = stack.aws.client("iam")
    role = variant.resources["ResizeImageRole"]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    sids = {statement["Sid"] for document in documents for statement in document["Statement"]}
    assert sids == {"ReadOriginals", "ClaimPhotos", "WriteLogs"}


def with_taken_bucket_name(template: Template) -> Template:
    template["Resources"]["RenditionsBucket"]["Properties"]["BucketName"] = f"shoebox-artifacts-{ACCOUNT}"
    return template


def test_resource_that_cannot_be_made_is_named_with_its_reason(stack: RunningStack) -> None:
    with pytest.raises(DeployError, match=r"RenditionsBucket: .*exist") as error:
        stack.deploy_variant("broken", with_taken_bucket_name)
    assert "\n" not in str(error.value)


def test_stack_that_failed_to_be_made_is_made_when_the_template_is_right(stack: RunningStack) -> None:
    with pytest.raises(DeployError):
        stack.deploy_variant("mended", with_taken_bucket_name)
    assert stack.deploy_variant("mended").changed


def test_template_that_sam_refuses_is_one_sentence(stack: RunningStack) -> None:
    def without_handler(template: Template) -> Template:
        del template["Resources"]["NotifyUser"]["Properties"]["Handler"]
        return template

    with pytest.raises(DeployError, match=r"refused.*NotifyUser") as error:
        stack.deploy_variant("refused", without_handler)
    assert "\n" not in str(error.value)


def test_site_may_put_an_original_and_not_a_rendition(stack: RunningStack) -> None:
    s3 = stack.site_client("s3")
    s3.put_object(Bucket=stack.outputs["OriginalsBucketName"], Key="originals/not-a-photo", Body=b"x")
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=stack.outputs["RenditionsBucketName"], Key="renditions/x", Body=b"x")
    assert code_of(error) == "AccessDenied"


def test_site_may_not_look_at_other_services(stack: RunningStack) -> None:
    with pytest.raises(ClientError) as error:
        stack.site_client("iam").list_users()
    assert code_of(error) == "AccessDenied"


def test_rekognition_user_reads_renditions_and_writes_nothing(stack: RunningStack) -> None:
    key = json.loads((stack.parts.data_dir / "secrets.json").read_text())["shoebox-rekognition"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    s3 = session.client("s3", endpoint_url=stack.parts.aws_url)
    bucket = stack.outputs["RenditionsBucketName"]
    stack.aws.client("s3").put_object(Bucket=bucket, Key="renditions/y", Body=b"y")
    assert s3.get_object(Bucket=bucket, Key="renditions/y")["Body"].read() == b"y"
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="renditions/y", Body=b"z")
    assert code_of(error) == "AccessDenied"


def test_site_sends_as_the_sender_alone_and_the_inbox_keeps_it(stack: RunningStack) -> None:
    address = new_address()  # others of this stack are told of photos meanwhile
    mail = {
        "Destination": {"ToAddresses": [address]},
        "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Text"}}}},
    }
    ses = stack.site_client("sesv2")
    ses.send_email(FromEmailAddress=f"Shoebox <{MAIL_SENDER}>", **mail)
    with pytest.raises(ClientError) as error:
        ses.send_email(FromEmailAddress="other@example.org", **mail)
    assert code_of(error) == "AccessDeniedException"
    assert [each.recipients for each in stack.messages() if address in each.recipients] == [[address]]


def test_sms_is_kept_in_the_inbox(stack: RunningStack) -> None:
    stack.aws.client("sns").publish(PhoneNumber="+34600123123", Message="5 photos are ready & labelled")
    (sent,) = [each for each in stack.messages() if "+34600123123" in each.recipients]
    assert (sent.kind, sent.recipients, sent.text) == ("sms", ["+34600123123"], "5 photos are ready & labelled")


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_ministack/ses/messages"])
def test_administration_of_the_local_aws_is_shut(stack: RunningStack, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(stack.parts.aws_url + path, data=b"")
    assert error.value.code == 403


def test_other_host_name_for_the_local_aws_is_refused(stack: RunningStack) -> None:
    request = urllib.request.Request(f"{stack.parts.aws_url}/", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code == 403


def test_manage_py_in_another_terminal_sees_the_running_stack(stack: RunningStack) -> None:
    script = (
        "from django.conf import settings; from webapp.accounts.models import User;"
        f"print(settings.ORIGINALS_BUCKET, User.objects.get(email='{STAFF_EMAIL}').is_superuser)"
    )
    answer = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=clean_env(stack.parts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout.split() == [stack.outputs["OriginalsBucketName"], "True"]


def test_files_with_secrets_are_for_their_owner_alone(stack: RunningStack) -> None:
    for name in ("secrets.json", "site.env"):
        assert oct((stack.parts.data_dir / name).stat().st_mode & 0o777) == "0o600"


def test_localhost_is_led_to_the_address_that_signatures_are_made_for(stack: RunningStack) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.build_opener(Stay).open(f"http://localhost:{stack.parts.port}/gallery/?label=Dog")
    assert error.value.headers["Location"] == f"{stack.site_url}/gallery/?label=Dog"
