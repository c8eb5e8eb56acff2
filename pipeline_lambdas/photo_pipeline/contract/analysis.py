"""What Rekognition finds in a picture, its answers as they are kept, and the pause in which none are paid for."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Box:
    """A rectangle in fractions of the picture's width and height, 0 to 1."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Instance:
    """One place in the picture where a label was found, with its confidence in percent."""

    box: Box
    confidence: float


@dataclass(frozen=True)
class Label:
    """What a picture shows, with confidence in percent, as Rekognition answers."""

    name: str
    confidence: float
    parents: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)


@dataclass(frozen=True)
class ModerationLabel:
    """What a reviewer may want to look at, with confidence in percent; `parent` is empty at the first level."""

    name: str
    confidence: float
    parent: str = ""


@dataclass(frozen=True)
class LabelsAnswer:
    """What DetectLabels found, surest first, and the name and version of its model."""

    labels: list[Label] = field(default_factory=list)
    model: str = ""


@dataclass(frozen=True)
class FacesAnswer:
    """Where DetectFaces found faces."""

    faces: list[Instance] = field(default_factory=list)


@dataclass(frozen=True)
class ModerationAnswer:
    """What DetectModerationLabels found, surest first, and the name and version of its model."""

    labels: list[ModerationLabel] = field(default_factory=list)
    model: str = ""


@dataclass(frozen=True)
class Analysis:
    """Rekognition's finished answers about one content of one owner: pk `OWNER#{owner}`, sk
    `ANALYSIS#{sha256}#{parameters}`. One run at a time may pay for answers, until its lease ends; `photos` are the ids
    of those that use them, and the names of runs are of those that have paid."""

    owner_id: str
    sha256: str
    parameters: str
    photos: set[str] = field(default_factory=set)
    claimed_by: str = ""
    lease_until: str = ""
    labels: LabelsAnswer | None = None
    faces: FacesAnswer | None = None
    moderation: ModerationAnswer | None = None
    labels_run: str = ""
    faces_run: str = ""
    moderation_run: str = ""


@dataclass(frozen=True)
class Pause:
    """No new analysis is paid for until then (ISO 8601 UTC): pk `PIPELINE`, sk `PAUSE`. Put and removed by the site."""

    until: str

    def holds(self, now: str) -> bool:
        """Whether it does at `now`, which is written as `until` is."""
        return now < self.until
