from __future__ import annotations

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.stepfunctions.models import stepfunctions_backends
from PIL import Image

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import deadline
from tests import photo_files
from tests.conftest import ORIGINALS, REGION, RENDITIONS, TABLE, fake_aws
from tests.faults.injection import Injector
from tests.faults.moto_table import light
from tests.faults.pipeline import Pipeline
from tests.faults.world import World, made_of
from tests.pipeline_lambdas.rekognition import LABELS, MODERATION, FakeRekognition
from webapp import aws as site_aws


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimpleNamespace]:
    """One fake AWS for all tests of a module, who take other people and photos each: .pipeline, .injector, .aws."""
    with pytest.MonkeyPatch.context() as monkeypatch, fake_aws(monkeypatch) as aws, light():
        monkeypatch.setenv("DETECT_FACES", "on")
        monkeypatch.setenv("DETECT_MODERATION_LABELS", "on")
        aws.client("sesv2").create_email_identity(EmailIdentity="shoebox@example.org")
        name = settings.STATE_MACHINE_ARN.rpartition(":")[2]
        role = "arn:aws:iam::123456789012:role/states"
        passes = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
        aws.client("stepfunctions").create_state_machine(name=name, definition=passes, roleArn=role)
        injector = Injector()
        pipeline = Pipeline(injector)
        monkeypatch.setattr(deadline, "time", SimpleNamespace(sleep=pipeline.sleep))
        injector.watch(site_aws.lambda_(), pipeline.answer_invoke)
        rekognition = FakeRekognition()
        rekognition.answers[LABELS] = _briefly(rekognition.answers[LABELS])
        rekognition.answers[MODERATION] |= {"ModerationLabels": []}  # else no notice would show the photo
        injector.watch(pipeline_aws.rekognition(), rekognition.answer)
        for client in (pipeline_aws.s3(), pipeline_aws.table(TABLE).meta.client, pipeline_aws.step_functions(),
                       pipeline_aws.s3_briefly(), pipeline_aws.mail(), pipeline_aws.sms(), site_aws.s3(),
                       site_aws.table().meta.client, site_aws.stepfunctions()):  # fmt: skip
            injector.watch(client)
        yield SimpleNamespace(aws=aws, pipeline=pipeline, injector=injector, rekognition=rekognition)


def _briefly(answer: dict[str, Any]) -> dict[str, Any]:
    """Two labels of an answer, with a box or none: moto takes its time over each value of an item."""
    labels = [{**label, "Instances": label["Instances"][:1]} for label in answer["Labels"][:2]]
    return {**answer, "Labels": labels}


@pytest.fixture
def emptied(cloud: SimpleNamespace) -> Iterator[None]:
    """What a test leaves in the table has no row any more."""
    yield
    dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items.clear()


@pytest.fixture
def nothing_else(cloud: SimpleNamespace, emptied: None) -> Iterator[None]:
    """What a test leaves in the buckets has no row any more, and would be an orphan to the next one."""
    cloud.injector.reset()
    yield
    for bucket in (ORIGINALS, RENDITIONS):
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket].keys.clear()
    (machine,) = stepfunctions_backends[DEFAULT_ACCOUNT_ID][REGION].state_machines
    machine.executions.clear()


@pytest.fixture
def world(cloud: SimpleNamespace) -> Iterator[World]:
    cloud.injector.reset()
    with made_of(cloud) as world:
        yield world


@pytest.fixture(scope="session")
def small_photo() -> bytes:
    """A photo with a place in it, drawn in no time."""
    small = photo_files.photo().resize((120, 90), Image.Resampling.BOX)
    file = io.BytesIO()
    small.save(file, "JPEG", exif=photo_files.camera_exif())
    return file.getvalue()
