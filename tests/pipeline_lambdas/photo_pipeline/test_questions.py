from __future__ import annotations

import botocore.session

from pipeline_lambdas.photo_pipeline.calls import THROTTLES
from pipeline_lambdas.photo_pipeline.questions import PERMANENT
from tests.pipeline_lambdas.rekognition import FACES, LABELS, MODERATION

PASSES = {"InternalServerError"}
# Of reviews by people and of models of one's own, neither of which is asked for.
NEVER_MET = {"HumanLoopQuotaExceededException", "ResourceNotReadyException"}


def test_every_error_that_rekognition_documents_is_known() -> None:
    model = botocore.session.get_session().get_service_model("rekognition")
    documented = {
        error.name for name in (LABELS, FACES, MODERATION) for error in model.operation_model(name).error_shapes
    }
    assert documented <= PERMANENT | THROTTLES | PASSES | NEVER_MET
    assert not PERMANENT & THROTTLES
