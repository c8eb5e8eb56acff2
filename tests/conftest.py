"""What every test may rely on: no network beyond this machine, a fake AWS made from the template, and real photos."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import botocore.endpoint
import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from django.utils import translation
from hypothesis import HealthCheck, settings
from moto import mock_aws

from tests import cloudformation, models_of_aws

if TYPE_CHECKING:
    from tests.stack.running import RunningStack

REGION = "eu-west-1"
ORIGINALS, RENDITIONS, TABLE = "originals-test", "renditions-test", "photos-test"
HERE = Path(__file__).parent
PHOTOS = HERE / "photos"
# No test is about the speed of the machine. Examples are the same each time; the long runs look for new ones.
settings.register_profile(
    "shoebox",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("SHOEBOX_FAULTS") != "long",
)
settings.load_profile("shoebox")
REQUIRED = set(filter(None, os.environ.get("SHOEBOX_REQUIRE", "").split(",")))


def need(what: str, *, present: bool) -> None:
    """Skip without `what`, unless SHOEBOX_REQUIRE says that it must be there."""
    if not present and what in REQUIRED:
        pytest.fail(f"SHOEBOX_REQUIRE asks for {what}, and it is not installed")
    if not present:
        pytest.skip(f"{what} is not installed")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page that was asked for in another language leaves its thread in it, until the next one is asked for."""
    with translation.override("en"):
        yield


@pytest.fixture
def exiftool() -> str:
    path = shutil.which("exiftool")
    need("exiftool", present=path is not None)
    return str(path)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole local stack, started once for all tests that ask for it; they do not wait a minute for its beat."""
    from tests.stack.running import new_stack, run_stack  # which import the local stack, and most tests need none

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_SECONDS", "15")
        with run_stack(new_stack(tmp_path_factory.mktemp("stack"))) as running:
            yield running


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws_are_read_once() -> Iterator[None]:
    with models_of_aws.read_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _groups_come_back() -> Iterator[None]:
    """Behind a test that commits pytest empties every table, of what migrations put there as well."""
    made_by = [
        import_module("webapp.accounts.migrations.0007_roles").make_groups,
        import_module("webapp.operations.migrations.0002_operators").let_operators,
    ]

    def make(**_: Any) -> None:
        for make_again in made_by:
            make_again(apps, None)

    post_migrate.connect(make, sender=apps.get_app_config("operations"))
    yield
    post_migrate.disconnect(make, sender=apps.get_app_config("operations"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine is an error, said at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """An empty fake AWS with both buckets and the table as the template declares it: .table, .s3, .client(name)."""
    with fake_aws(monkeypatch) as made:
        yield made


@contextmanager
def fake_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """What `aws` is, for as long as its caller likes."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "ORIGINALS_BUCKET": ORIGINALS,
        "RENDITIONS_BUCKET": RENDITIONS,
        "PHOTO_TABLE": TABLE,
        "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:photos-test",
        "MAIL_SENDER": "shoebox@example.org",
        "MAIL_CONFIGURATION_SET": "mails-test",
        "SMS_A_DAY": "1000",
        "SITE_URL": "https://photos.example.org",
        "MIN_CONFIDENCE": "70",
        "MAX_LABELS": "25",
        "DETECT_FACES": "off",  # moto answers DetectLabels alone
        "DETECT_MODERATION_LABELS": "off",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # Before a further try botocore waits some seconds: nobody here gets better by it.
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
    with mock_aws():
        forget_clients()
        yield _make_aws()
        forget_clients()


def _make_aws() -> SimpleNamespace:
    s3 = boto3.client("s3", region_name=REGION)
    for bucket in (ORIGINALS, RENDITIONS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    declared = cloudformation.resources("AWS::DynamoDB::Table")["PhotoTable"]
    table = boto3.resource("dynamodb", region_name=REGION).create_table(
        TableName=TABLE, **{name: declared[name] for name in ("BillingMode", "AttributeDefinitions", "KeySchema")}
    )
    return SimpleNamespace(table=table, s3=s3, client=lambda name: boto3.client(name, region_name=REGION))


def forget_clients() -> None:
    """Clients and configuration are cached for a process's life; a test's fake AWS lives shorter."""
    from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
    from pipeline_lambdas.photo_pipeline import config
    from webapp import aws as site_aws

    for module in (pipeline_aws, site_aws, config):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
