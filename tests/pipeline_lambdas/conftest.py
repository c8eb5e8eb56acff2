from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import deadline

from .invocation import Invocation
from .rekognition import FakeRekognition


@pytest.fixture
def invocation(monkeypatch: pytest.MonkeyPatch) -> Invocation:
    """An invocation whose time passes only while it waits."""
    made = Invocation()
    monkeypatch.setattr(deadline, "time", SimpleNamespace(sleep=made.sleep))
    return made


@pytest.fixture
def rekognition(aws: SimpleNamespace) -> FakeRekognition:
    """Rekognition that answers what AWS's documentation shows."""
    made = FakeRekognition()
    pipeline_aws.rekognition().meta.events.register("before-call.rekognition", made.answer)
    return made
