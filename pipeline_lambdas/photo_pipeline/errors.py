"""What can end a run early. `Refused` and `Overtaken` are outcomes; whatever else is raised is ours to mend."""

from __future__ import annotations

from .contract import Reason


class PipelineError(Exception):
    """The family of everything that the pipeline raises itself."""


class Refused(PipelineError):
    """Trying again would change nothing; `reason` says why, for the photo's owner."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class Overtaken(PipelineError):
    """Another run has the photo, or it is being deleted: this run may write nothing more."""


class OutOfTime(PipelineError):
    """The function's time is nearly over. What it has found is kept, and the task is worth trying again."""


class LeaseLost(PipelineError):
    """The analysis is no longer this run's to complete. The task tries again, and sees who has it."""


class AnswersMissing(PipelineError):
    """An analysis does not hold the answers that a run has counted on."""


class NotConfigured(PipelineError):
    """An environment variable that the function needs is missing."""
