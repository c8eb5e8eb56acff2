"""What can end a run early. A `Refused` is an outcome with a reason; whatever else is raised is ours to mend."""

from __future__ import annotations

from .contract import Reason


class PipelineError(Exception):
    """The family of everything that the pipeline raises itself."""


class Refused(PipelineError):
    """The file can be no photo here; `reason` says why, for its owner."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class Overtaken(PipelineError):
    """Another run has the photo, or it is being deleted: this run may write nothing more."""


class NotConfigured(PipelineError):
    """An environment variable that the function needs is missing."""
