"""The contract between the site and the pipeline: every name, key, limit and condition that both sides rely on.

The only module of the pipeline that the site imports, so it needs nothing but the standard library. Values are plain
dataclasses; `to_item` and `from_item` translate them to and from what the DynamoDB resource API takes (numbers as
`Decimal`, sets of strings as `set`). The `*_update` functions return the keyword arguments of `Table.update_item`, with
the condition under which the write may happen: a caller adds nothing but the call.
"""

from __future__ import annotations

import functools
import hashlib
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

Item = dict[str, Any]
UpdateArguments = dict[str, Any]
Value = TypeVar("Value")


# --- What is accepted (design section 8) ---------------------------------------------------------------------------

MAX_BYTES = 50 * 1000 * 1000
MAX_PIXELS = 100 * 1000 * 1000
MIN_SIDE = 80
MAX_BATCH = 500
MAX_ATTEMPTS = 3
MAX_REFUSALS = 3
KEPT_ATTEMPTS = 10
KEPT_DETAIL = 200


@dataclass(frozen=True)
class Format:
    """An accepted file format: Pillow's name of it, the extension of its S3 key, its media type."""

    name: str
    extension: str
    media_type: str


FORMATS = {
    format.name: format
    for format in (
        Format("JPEG", "jpg", "image/jpeg"),
        Format("PNG", "png", "image/png"),
        Format("WEBP", "webp", "image/webp"),
        Format("GIF", "gif", "image/gif"),
        Format("HEIF", "heic", "image/heic"),
        Format("AVIF", "avif", "image/avif"),
        Format("TIFF", "tiff", "image/tiff"),
        Format("BMP", "bmp", "image/bmp"),
    )
}
SNIFF_BYTES = 64
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def sniff_format(head: bytes) -> Format | None:
    """The format that a file's first `SNIFF_BYTES` bytes announce, or None. Its name is never asked."""
    signatures = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF",
                  b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"II+\x00": "TIFF", b"MM\x00+": "TIFF",
                  b"BM": "BMP"}  # fmt: skip
    for signature, name in signatures.items():
        if head.startswith(signature):
            return FORMATS[name]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FORMATS["WEBP"]
    if head[4:8] == b"ftyp":
        return _sniff_iso_media(head)
    return None


def _sniff_iso_media(head: bytes) -> Format | None:
    box_end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, box_end, 4)}
    if brands & _AVIF_BRANDS:
        return FORMATS["AVIF"]
    if brands & _HEIF_BRANDS:
        return FORMATS["HEIF"]
    return None


# --- Refusals and failures: a code, and a sentence that says what to do ---------------------------------------------


class Refusal(StrEnum):
    """What can be wrong with a file, or a run. The value is the code that is stored."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_A_PHOTO = "not_a_photo"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    DAMAGED = "damaged"


class Failure(StrEnum):
    """What can go wrong on our side."""

    RESIZE = "resize_failed"
    LABELS = "labels_failed"
    LABELS_REFUSED = "labels_refused"
    STORE = "store_failed"
    DID_NOT_ARRIVE = "did_not_arrive"
    STOPPED = "stopped"
    PAUSED = "paused"


SENTENCES: Mapping[str, str] = {
    Refusal.EMPTY: "This file is empty. Choose the photo again, or copy it anew from the camera.",
    Refusal.TOO_LARGE: "Too large: {megabytes} MB, the most is {limit} MB. Export a smaller copy and upload that.",
    Refusal.NOT_A_PHOTO: (
        "This is not a photo we can read. Upload a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP file."
    ),
    Refusal.TOO_MANY_PIXELS: (
        "Too many pixels: {width} × {height} is {megapixels} megapixels, the most is {limit}. Upload a smaller copy."
    ),
    Refusal.TOO_SMALL: "Too small: {width} × {height} pixels, the least is {limit} on each side. Upload a larger copy.",
    Refusal.DAMAGED: "This file is damaged or incomplete. Copy it anew from the camera or phone, and upload that.",
    Failure.RESIZE: "Something went wrong on our side while making the previews. The original is safe; try again.",
    Failure.LABELS: "Something went wrong on our side while finding labels. The original is safe; try again.",
    Failure.LABELS_REFUSED: (
        "The service that finds labels did not take this photo. The photo and its previews are safe; try again later."
    ),
    Failure.STORE: "Something went wrong on our side while saving the result. The original is safe; try again.",
    Failure.DID_NOT_ARRIVE: "This photo did not arrive. Upload it again.",
    Failure.STOPPED: "Processing stopped before it was finished. The original is safe; try again.",
    Failure.PAUSED: (
        "Analysis is paused until {until} to keep the costs in bounds. Your photo is kept and is labelled by itself"
        " afterwards."
    ),
}


@dataclass(frozen=True)
class Reason:
    """Why a photo is rejected or failed: code, sentence for its owner, and detail for the operator alone."""

    code: str
    text: str
    detail: str = ""


def reason(code: Refusal | Failure, *, detail: str = "", **facts: object) -> Reason:
    """The reason of `code`, its sentence filled with `facts`."""
    return Reason(code=code.value, text=SENTENCES[code].format(**facts), detail=detail)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def name_day(moment: str) -> str:
    """The day of a moment in ISO 8601, as a sentence names it: 1 December 2026."""
    year, month, day = moment[:10].split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"


def refuse_size(size: int) -> Reason | None:
    """Why a file of `size` bytes is refused, or None."""
    if size == 0:
        return reason(Refusal.EMPTY)
    if size > MAX_BYTES:
        return reason(Refusal.TOO_LARGE, megabytes=f"{size / 1e6:.1f}", limit=MAX_BYTES // 1_000_000)
    return None


def refuse_dimensions(width: int, height: int) -> Reason | None:
    """Why a picture of `width` by `height` pixels is refused, or None."""
    if width * height > MAX_PIXELS:
        megapixels = round(width * height / 1e6)
        return reason(
            Refusal.TOO_MANY_PIXELS, width=width, height=height, megapixels=megapixels, limit=MAX_PIXELS // 1_000_000
        )
    if min(width, height) < MIN_SIDE:
        return reason(Refusal.TOO_SMALL, width=width, height=height, limit=MIN_SIDE)
    return None


# --- Statuses ------------------------------------------------------------------------------------------------------


class Status(StrEnum):
    """The life of a photo: uploading, processing, then one of three ends; deleting from any of them."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    FAILED = "failed"
    DELETING = "deleting"


TERMINAL = (Status.READY, Status.REJECTED, Status.FAILED)
OPEN = (Status.UPLOADING, Status.PROCESSING)


# --- S3 keys -------------------------------------------------------------------------------------------------------

THUMB, DISPLAY, ANALYSIS = "thumb", "display", "analysis"
RENDITION_FILES = {THUMB: "thumb.webp", DISPLAY: "display.webp", ANALYSIS: "analysis.jpg"}

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ORIGINAL_KEY = re.compile(rf"originals/(?P<owner>{_UUID})/(?P<photo>{_UUID})\.(?P<extension>[a-z0-9]{{1,8}})")


def original_key(owner_id: str, photo_id: str, extension: str) -> str:
    """`originals/{owner}/{photo}.{ext}` in the originals bucket."""
    return f"originals/{owner_id}/{photo_id}.{extension}"


def parse_original_key(key: str) -> tuple[str, str] | None:
    """(owner id, photo id) of an original's key, or None when it is no such key."""
    match = _ORIGINAL_KEY.fullmatch(key)
    return (match["owner"], match["photo"]) if match else None


_RENDITION_KEY = re.compile(rf"renditions/(?P<owner>{_UUID})/(?P<photo>{_UUID})/(?P<run>[^/]+)/[^/]+")


def photo_prefix(owner_id: str, photo_id: str) -> str:
    """Where all renditions of a photo lie, of every run, in the renditions bucket."""
    return f"renditions/{owner_id}/{photo_id}/"


def run_prefix(owner_id: str, photo_id: str, run_id: str) -> str:
    """Where one run's renditions lie."""
    return f"{photo_prefix(owner_id, photo_id)}{run_id}/"


def rendition_key(owner_id: str, photo_id: str, run_id: str, name: str) -> str:
    """Key of one rendition (`thumb`, `display` or `analysis`)."""
    return run_prefix(owner_id, photo_id, run_id) + RENDITION_FILES[name]


def parse_rendition_key(key: str) -> tuple[str, str, str] | None:
    """(owner id, photo id, run id) of a rendition's key, or None when it is no such key."""
    match = _RENDITION_KEY.fullmatch(key)
    return (match["owner"], match["photo"], match["run"]) if match else None


# --- Runs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Relabel:
    """What a run of its own asks about a photo that stays as it is: ready, shown, with the labels that it has until
    others are stored. `of_run` drew the picture that is looked at; `min_confidence` in percent, 0 is the pipeline's
    own; answers are kept apart under the name `anew`, so that none from before are taken, unless that is empty."""

    of_run: str
    min_confidence: float = 0.0
    anew: str = ""


@dataclass(frozen=True)
class Run:
    """One attempt at a photo, the input of an execution; `run_id` is its name, and the fence of all its writes."""

    run_id: str
    owner_id: str
    photo_id: str
    key: str
    attempt: int
    etag: str
    version_id: str = ""
    relabel: Relabel | None = None


def new_run(
    *, owner_id: str, photo_id: str, key: str, etag: str, version_id: str = "", sequencer: str = "", attempt: int = 1
) -> Run:
    """The run of an attempt at one version of an original; the same facts give the same name, so an event that
    arrives twice starts one execution. Names are at most 80 characters of [0-9a-z-], as Step Functions asks."""
    version = hashlib.sha256((version_id or sequencer or etag).encode()).hexdigest()[:10]
    return Run(
        run_id=f"{photo_id}-{version}-{attempt}",
        owner_id=owner_id,
        photo_id=photo_id,
        key=key,
        attempt=attempt,
        etag=etag,
        version_id=version_id,
    )


# --- What DynamoDB holds -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Original:
    """The uploaded file. `format` is Pillow's name; width and height in pixels, upright; sha256 in hex; incomplete when
    its end is missing and what came before it is shown."""

    bytes: int
    width: int = 0
    height: int = 0
    format: str = ""
    sha256: str = ""
    incomplete: bool = False


@dataclass(frozen=True)
class Rendition:
    """A picture made from the original: its key in the renditions bucket, and its size in pixels and bytes."""

    key: str
    width: int
    height: int
    bytes: int


@dataclass(frozen=True)
class Exif:
    """What the camera wrote, as far as it is shown. taken_at in ISO 8601, without a zone when the camera knew none;
    exposure in seconds; focal_length in millimetres. Never a place."""

    taken_at: str = ""
    camera: str = ""
    lens: str = ""
    exposure: float = 0.0
    aperture: float = 0.0
    focal_length: float = 0.0
    iso: int = 0


@dataclass(frozen=True)
class Place:
    """Where a photo was taken, in degrees north and east. Kept in the owner's record alone, and only if they asked."""

    latitude: float
    longitude: float


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


class StepOutcome(StrEnum):
    """How a step ended. A whole run that died without a result is `stopped`, or `not_started` if it never began."""

    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"


WHOLE_RUN = "Run"


@dataclass(frozen=True)
class Step:
    """One step of a run as it happened: started in ISO 8601 UTC, duration in milliseconds (0 where nobody measured it),
    how it ended. One named `WHOLE_RUN` stands for a run that left no step of its own. The run, and why it did not end
    well, are noted in a step once a later run is asked for: until then the record itself says so."""

    name: str
    started: str
    ms: int
    attempt: int
    outcome: str = StepOutcome.DONE.value
    run_id: str = ""
    reason: Reason | None = None


@dataclass(frozen=True)
class Usage:
    """What was used: requests by service and operation, as botocore names them and as often as they were sent; read and
    write units of DynamoDB; invocations of Lambda functions, and the gigabyte-seconds that they took by their own
    clocks; state transitions. In a photo's record it is of the run `run_id`, which ended at `at` (ISO 8601 UTC)."""

    requests: dict[str, int] = field(default_factory=dict)
    read_units: float = 0.0
    write_units: float = 0.0
    invocations: int = 0
    gb_seconds: float = 0.0
    transitions: int = 0
    run_id: str = ""
    at: str = ""

    def __add__(self, other: Usage) -> Usage:
        """Both together; which run, and when, is what the left one says."""
        names = {**self.requests, **other.requests}
        return replace(
            self,
            requests={name: self.requests.get(name, 0) + other.requests.get(name, 0) for name in names},
            read_units=self.read_units + other.read_units,
            write_units=self.write_units + other.write_units,
            invocations=self.invocations + other.invocations,
            gb_seconds=self.gb_seconds + other.gb_seconds,
            transitions=self.transitions + other.transitions,
        )


@dataclass(frozen=True)
class Photo:
    """A photo record: pk `OWNER#{owner}`, sk `PHOTO#{photo}`. Times in ISO 8601 UTC. `placeholder` is a WebP of a few
    pixels in base64, to show before the thumbnail. What the owner says of labels lies beside what the model said.
    `asked_attempts` is how many attempts were behind it when a person last asked for one: each time that somebody asks,
    by the upload or later, there are `MAX_ATTEMPTS`. `relabel_run` looks for labels anew, `labelled_by` is the one that
    found those of now (empty: `run_id` itself), `relabel_failure` tells of the last one that found none. `usage` has an
    entry for each run that stored its end, written with it and never changed; the last `KEPT_ATTEMPTS` are kept."""

    owner_id: str
    photo_id: str
    status: str
    uploaded_at: str
    updated_at: str
    key: str
    original: Original
    batch_id: str = ""
    run_id: str = ""
    requested_run: str = ""
    attempt: int = 1
    asked_attempts: int = 0
    reason: Reason | None = None
    renditions: dict[str, Rendition] = field(default_factory=dict)
    placeholder: str = ""
    exif: Exif = field(default_factory=Exif)
    labels: list[Label] = field(default_factory=list)
    label_model: str = ""
    faces: list[Instance] = field(default_factory=list)
    moderation: list[ModerationLabel] = field(default_factory=list)
    moderation_model: str = ""
    relabel_run: str = ""
    relabel_failure: Step | None = None
    labelled_by: str = ""
    denied_labels: set[str] = field(default_factory=set)
    added_labels: set[str] = field(default_factory=set)
    place: Place | None = None
    steps: list[Step] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)


@dataclass(frozen=True)
class Preferences:
    """How a person wants to be told: pk `OWNER#{owner}`, sk `PREFERENCES`. `channel` is of what is told about each
    batch, `digest_channel` of digests; who has digests has no `channel`. The phone number is in E.164.
    Nothing is told of a batch from the hour `quiet_from` to the hour `quiet_to` of their `time_zone`, an IANA name.
    Mails carry `unsubscribe_url`, an address that takes RFC 8058's POST, where there is one."""

    owner_id: str
    channel: str = "mail"
    digest_channel: str = ""
    only_problems: bool = False
    keep_place: bool = False
    email: str = ""
    phone: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    quiet_from: int | None = None
    quiet_to: int | None = None
    unsubscribe_url: str = ""


def is_quiet(preferences: Preferences, now: datetime) -> bool:
    """Whether it is one of a person's quiet hours. They may go over midnight; from an hour to the same one is none."""
    start, end = preferences.quiet_from, preferences.quiet_to
    if start is None or end is None:
        return False
    hour = now.astimezone(zone(preferences.time_zone)).hour
    return start <= hour < end if start <= end else hour >= start or hour < end


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


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


class Channel(StrEnum):
    MAIL = "mail"
    SMS = "sms"
    NONE = "none"


class Kind(StrEnum):
    """What a batch is, that nobody uploaded as such."""

    DAILY = "daily"
    WEEKLY = "weekly"
    TEST = "test"


@dataclass(frozen=True)
class Batch:
    """Photos uploaded together: pk `BATCH#{batch}`, sk `BATCH`. Complete when the three sets hold `expected` ids.
    `usage` is what telling about them has used so far.

    The site has digests and tests told in the same way, claims and all: their record is a batch of a `kind` of their
    own, complete from the start. A digest holds some ids of each set and says how many `more` there are."""

    batch_id: str
    owner_id: str
    expected: int
    ready: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    claimed_at: str = ""
    sent_at: str = ""
    refusals: int = 0
    kind: str = ""
    more: dict[str, int] = field(default_factory=dict)
    usage: Usage | None = None

    @property
    def counted(self) -> set[str]:
        """Ids of its photos that have come to an end."""
        return self.ready | self.rejected | self.failed

    def count(self, status: str) -> int:
        """How many of its photos have come to that end."""
        return len(getattr(self, Status(status).value)) + self.more.get(status, 0)

    @property
    def is_complete(self) -> bool:
        return len(self.counted) >= self.expected

    @property
    def is_due(self) -> bool:
        """Complete, its notice claimed by nobody, and not refused too often by SES or SNS."""
        return self.is_complete and not self.claimed_at and self.refusals < MAX_REFUSALS

    @property
    def summary(self) -> str:
        """What became of its photos, in a few words, as notices and the site tell it."""
        ready, rejected, failed = (self.count(status) for status in TERMINAL)
        ends = {"ready": ready, "could not be read": rejected, "failed": failed}
        told = [(count, words) for words, count in ends.items() if count] or [(0, "ready")]
        first, *others = told
        return ", ".join([f"{count_photos(first[0])} {first[1]}", *(f"{count} {words}" for count, words in others)])


@dataclass(frozen=True)
class Pause:
    """No new analysis is paid for until then (ISO 8601 UTC): pk `PIPELINE`, sk `PAUSE`. Put and removed by the site."""

    until: str

    def holds(self, now: str) -> bool:
        """Whether it does at `now`, which is written as `until` is."""
        return now < self.until


def count_photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


Key = dict[str, str]


def photo_item_key(owner_id: str, photo_id: str) -> Key:
    return {"pk": f"OWNER#{owner_id}", "sk": f"PHOTO#{photo_id}"}


def preferences_item_key(owner_id: str) -> Key:
    return {"pk": f"OWNER#{owner_id}", "sk": "PREFERENCES"}


def analysis_item_key(owner_id: str, sha256: str, parameters: str) -> Key:
    return {"pk": f"OWNER#{owner_id}", "sk": f"ANALYSIS#{sha256}#{parameters}"}


def batch_item_key(batch_id: str) -> Key:
    return {"pk": f"BATCH#{batch_id}", "sk": "BATCH"}


def pause_item_key() -> Key:
    return {"pk": "PIPELINE", "sk": "PAUSE"}


_ITEM_KEYS = {
    Photo: lambda photo: photo_item_key(photo.owner_id, photo.photo_id),
    Analysis: lambda analysis: analysis_item_key(analysis.owner_id, analysis.sha256, analysis.parameters),
    Preferences: lambda preferences: preferences_item_key(preferences.owner_id),
    Batch: lambda batch: batch_item_key(batch.batch_id),
    Pause: lambda _: pause_item_key(),
}


def to_item(value: Photo | Analysis | Preferences | Batch | Pause) -> Item:
    """The DynamoDB item of a record, without empty attributes (DynamoDB takes no empty set)."""
    return {**_ITEM_KEYS[type(value)](value), **to_attribute(value)}


_ROWS = (Label, Instance, Box)  # a record holds up to a thousand, and names of fields would be half of it


def to_attribute(value: Any) -> Any:
    """A dataclass, or a container of them, as DynamoDB's types; empty fields that have a default are left out. Labels
    and boxes are lists of their fields' values, in order."""
    if isinstance(value, _ROWS):
        return _to_row(value)
    if is_dataclass(value):
        parts = {f.name: getattr(value, f.name) for f in fields(value) if not _is_empty(f, getattr(value, f.name))}
        return {name: to_attribute(part) for name, part in parts.items()}
    if isinstance(value, Mapping):
        return {name: to_attribute(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_attribute(part) for part in value]
    if isinstance(value, float):
        return Decimal(repr(round(value, 6)))
    return value


def _to_row(value: Label | Instance | Box) -> list[Any]:
    row = [to_attribute(getattr(value, f.name)) for f in fields(value)]
    while row[-1] == []:
        row.pop()
    return row


def _is_empty(field: Field[Any], part: Any) -> bool:
    """Whether leaving the field out says the same. A number is always written: conditions compare it."""
    return (field.default in ("", None) and part == field.default) or (
        field.default_factory is not MISSING and not part
    )


def from_item(cls: type[Value], item: Mapping[str, Any] | list[Any]) -> Value:
    """The dataclass `cls` that an item, or a row, or either as JSON, holds; what it does not know is left aside."""
    readers = _readers(cls)  # type: ignore[arg-type]
    if isinstance(item, list):
        item = dict(zip(readers, item, strict=False))
    return cls(**{name: read(item[name]) for name, read in readers.items() if name in item})


@functools.cache
def _readers(cls: type) -> dict[str, Callable[[Any], Any]]:
    """What makes each field's value of an attribute: a page reads thousands of them, and Python compiles annotations
    anew each time it is asked."""
    hints = typing.get_type_hints(cls)
    return {f.name: _reader(hints[f.name]) for f in fields(cls)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        read = _reader(arguments[0])
        return lambda part: None if part is None else read(part)
    if origin is list:
        read = _reader(arguments[0])
        return lambda parts: [read(part) for part in parts]
    if origin is dict:
        read = _reader(arguments[1])
        return lambda parts: {name: read(part) for name, part in parts.items()}
    if is_dataclass(hint):
        return functools.partial(from_item, typing.cast(type, hint))
    return {set: set, int: int, float: float}.get(origin or hint, _as_it_is)


def _as_it_is(part: Any) -> Any:
    return part


# --- Writes of the site, and those that both sides make ---------------------------------------------------------------


def put_new(record: Photo | Batch) -> UpdateArguments:
    """`put_item` of a record that must not exist yet."""
    return {"Item": to_item(record), "ConditionExpression": "attribute_not_exists(pk)"}


def _update(
    key: Key, update: str, *, where: str, values: Item | None = None, names: Mapping[str, str] | None = None
) -> UpdateArguments:
    arguments = {
        "Key": key,
        "UpdateExpression": update,
        "ConditionExpression": where,
        "ExpressionAttributeValues": values,
        "ExpressionAttributeNames": names,
        "ReturnValues": "ALL_NEW",
    }
    return {name: argument for name, argument in arguments.items() if argument}  # DynamoDB takes no empty map


def _as_seen(seen: Photo) -> str:
    """The condition that nobody asked for a run, began one or ended one since: an awaited run that has ended meanwhile
    may have left status and attempt as they were, and holds the photo."""
    holder = "run_id = :seen_run" if seen.run_id else "attribute_not_exists(run_id)"
    return f"#status = :seen_status AND attempt = :seen_attempt AND {holder}"


def _as_seen_values(seen: Photo) -> Item:
    values = {":seen_status": seen.status, ":seen_attempt": seen.attempt}
    return values | ({":seen_run": seen.run_id} if seen.run_id else {})


def request_run_update(
    seen: Photo, run: Run, *, now: str, lost: Step | None = None, by_person: bool = False
) -> UpdateArguments:
    """The site asks for `run`: from now on its execution may claim the photo. Only if the record is still as seen, so
    that two who ask at once get one run. A photo that had reached its end leaves its batch behind: it has been told.

    `lost` is what became of the run before, if that died. The steps of the last `KEPT_ATTEMPTS` attempts are kept; they
    do not change while a record is as seen, since a run that stores its steps ends the photo.
    """
    steps = [step for step in _told_steps(seen, lost) if step.attempt > run.attempt - KEPT_ATTEMPTS]
    asked = run.attempt - 1 if by_person else seen.asked_attempts
    update = "SET requested_run = :run, attempt = :attempt, asked_attempts = :asked, updated_at = :now, #steps = :steps"
    used = {":used": to_attribute(seen.usage[1 - KEPT_ATTEMPTS :])} if len(seen.usage) >= KEPT_ATTEMPTS else {}
    return _update(
        photo_item_key(seen.owner_id, seen.photo_id),
        update + (", #usage = :used" if used else "") + (" REMOVE batch_id" if seen.status in TERMINAL else ""),
        where=_as_seen(seen),
        names={"#status": "status", "#steps": "steps"} | ({"#usage": "usage"} if used else {}),
        values=_as_seen_values(seen)
        | used
        | {":run": run.run_id, ":attempt": run.attempt, ":asked": asked, ":now": now, ":steps": to_attribute(steps)},
    )


def new_relabel_run(seen: Photo, *, tag: str, min_confidence: float = 0.0, anew: str = "") -> Run:
    """A run that looks for labels anew in the pictures of `seen`; the same tag gives the same name."""
    relabel = Relabel(of_run=seen.run_id, min_confidence=min_confidence, anew=anew)
    return Run(f"{seen.photo_id}-{tag}", seen.owner_id, seen.photo_id, seen.key, seen.attempt, etag="", relabel=relabel)


def request_relabel_update(seen: Photo, run: Run) -> UpdateArguments:
    """The site asks for labels anew: `run` may store them from now on, and nobody else who was asked before. Only if
    the record, which is ready, is as seen."""
    labels = "labelled_by = :labelled_by" if seen.labelled_by else "attribute_not_exists(labelled_by)"
    values = {":labelled_by": seen.labelled_by} if seen.labelled_by else {}
    return _update(
        photo_item_key(seen.owner_id, seen.photo_id),
        "SET relabel_run = :relabel REMOVE relabel_failure",
        where=f"{_as_seen(seen)} AND {labels}",
        names={"#status": "status"},
        values=_as_seen_values(seen) | values | {":relabel": run.run_id},
    )


def end_relabel_update(owner_id: str, photo_id: str, run_id: str) -> UpdateArguments:
    """The run that was to look for labels anew may store none any more."""
    key = photo_item_key(owner_id, photo_id)
    return _update(key, "REMOVE relabel_run", where="relabel_run = :run", values={":run": run_id})


def restore_labels_update(before: Photo, run_id: str, *, now: str) -> UpdateArguments:
    """The labels that a photo had `before` come back, if those of now are still what `run_id` found: neither a later
    run of the whole nor another look for labels is undone. What its owner said of them stays."""
    undo = "SET labelled_by = :before" if before.labelled_by else "REMOVE labelled_by"
    values = {":before": before.labelled_by} if before.labelled_by else {}
    update = "labels = :labels, label_model = :model, updated_at = :now"
    return _update(
        photo_item_key(before.owner_id, before.photo_id),
        f"{undo}, {update}" if before.labelled_by else f"SET {update} {undo}",
        where="labelled_by = :run AND run_id = :of AND #status = :ready",
        names={"#status": "status"},
        values=values
        | {
            ":labels": to_attribute(before.labels),
            ":model": before.label_model,
            ":now": now,
            ":run": run_id,
            ":of": before.run_id,
            ":ready": Status.READY.value,
        },
    )


def close_update(seen: Photo, why: Reason, *, now: str, lost: Step | None = None) -> UpdateArguments:
    """The site closes a photo that no run will finish: `failed`, only if the record is still as seen. `lost` is what
    became of its last run, if there was one."""
    return _update(
        photo_item_key(seen.owner_id, seen.photo_id),
        "SET #status = :failed, reason = :why, updated_at = :now, #steps = :steps REMOVE requested_run",
        where=_as_seen(seen),
        names={"#status": "status", "#steps": "steps"},
        values=_as_seen_values(seen)
        | {
            ":failed": Status.FAILED.value,
            ":why": to_attribute(why),
            ":now": now,
            ":steps": to_attribute(_with_lost(seen.steps, lost)),
        },
    )


def _told_steps(seen: Photo, lost: Step | None) -> list[Step]:
    """The steps of `seen`, and what only its record says of its last attempt and a later one would overwrite."""
    if seen.status not in TERMINAL or seen.requested_run not in ("", seen.run_id):
        return _with_lost(seen.steps, lost)
    earlier = [step for step in seen.steps if step.attempt != seen.attempt]
    last = [replace(step, run_id=step.run_id or seen.run_id) for step in seen.steps if step.attempt == seen.attempt]
    return earlier + (_with_reason(last, seen, seen.reason) if seen.reason else last)


def _with_reason(steps: list[Step], seen: Photo, why: Reason) -> list[Step]:
    """The steps of an attempt that did not end well, the last one that went wrong with its reason."""
    why = replace(why, detail=why.detail[:KEPT_DETAIL])
    wrong = [at for at, step in enumerate(steps) if step.outcome != StepOutcome.DONE]
    if not wrong:
        failed = StepOutcome.FAILED.value
        return [*steps, Step(WHOLE_RUN, seen.updated_at, 0, seen.attempt, failed, run_id=seen.run_id, reason=why)]
    at = wrong[-1]
    return [*steps[:at], replace(steps[at], reason=steps[at].reason or why), *steps[at + 1 :]]


def _with_lost(steps: list[Step], lost: Step | None) -> list[Step]:
    is_new = lost is not None and all(step.attempt != lost.attempt for step in steps)
    return [*steps, lost] if lost is not None and is_new else steps


def deleting_update(owner_id: str, photo_id: str, *, now: str) -> UpdateArguments:
    """The site begins to delete a photo: from here every run's fence is shut."""
    return _update(
        photo_item_key(owner_id, photo_id),
        "SET #status = :deleting, updated_at = :now REMOVE requested_run, run_id",
        where="attribute_exists(pk)",
        names={"#status": "status"},
        values={":deleting": Status.DELETING.value, ":now": now},
    )


MAX_ADDED_LABELS = 50


def deny_label_update(owner_id: str, photo_id: str, name: str) -> UpdateArguments:
    """The owner says "not this": the label is not shown, whatever a later analysis finds."""
    return _correct(owner_id, photo_id, "ADD denied_labels :name DELETE added_labels :name", name)


def add_label_update(owner_id: str, photo_id: str, name: str) -> UpdateArguments:
    """The owner says "also this", of at most `MAX_ADDED_LABELS` labels."""
    arguments = _correct(owner_id, photo_id, "ADD added_labels :name DELETE denied_labels :name", name)
    arguments["ConditionExpression"] += " AND (attribute_not_exists(added_labels) OR size(added_labels) < :most)"
    arguments["ExpressionAttributeValues"][":most"] = MAX_ADDED_LABELS
    return arguments


def uncorrect_label_update(owner_id: str, photo_id: str, name: str) -> UpdateArguments:
    """The owner takes back what they said of a label."""
    return _correct(owner_id, photo_id, "DELETE denied_labels :name, added_labels :name", name)


def _correct(owner_id: str, photo_id: str, update: str, name: str) -> UpdateArguments:
    return _update(
        photo_item_key(owner_id, photo_id),
        update,
        where="attribute_exists(pk) AND #status <> :deleting",
        names={"#status": "status"},
        values={":name": {name}, ":deleting": Status.DELETING.value},
    )


def shown_labels(photo: Photo) -> list[Label]:
    """What a photo shows, its owner's corrections applied: those they added, with full confidence, then the model's."""
    added = [Label(name=name, confidence=100.0) for name in sorted(photo.added_labels)]
    hidden = photo.denied_labels | photo.added_labels
    return added + [label for label in photo.labels if label.name not in hidden]


def forget_place_update(owner_id: str, photo_id: str) -> UpdateArguments:
    """The owner no longer wants the place kept."""
    return _update(photo_item_key(owner_id, photo_id), "REMOVE place", where="attribute_exists(pk)")


def forget_analysis_update(analysis: Analysis, photo_id: str) -> UpdateArguments:
    """A deleted photo no longer uses an analysis."""
    key = analysis_item_key(analysis.owner_id, analysis.sha256, analysis.parameters)
    return _update(key, "DELETE photos :photo", where="attribute_exists(pk)", values={":photo": {photo_id}})


def batch_outcome_update(batch_id: str, photo_id: str, status: str) -> UpdateArguments:
    """Count a photo's end in its batch; again changes nothing, another end moves it, and one that left stays away."""
    others = [each.value for each in TERMINAL if each != status]
    return _update(
        batch_item_key(batch_id),
        f"ADD {Status(status).value} :photo DELETE {others[0]} :photo, {others[1]} :photo",
        where="attribute_exists(pk) AND NOT contains(gone, :id)",
        values={":photo": {photo_id}, ":id": photo_id},
    )


def leave_batch_update(batch_id: str, photo_id: str) -> UpdateArguments:
    """A photo that was cancelled, refused or deleted leaves its batch, once."""
    return _update(
        batch_item_key(batch_id),
        "SET expected = expected - :one ADD gone :photo DELETE ready :photo, rejected :photo, failed :photo",
        where="attribute_exists(pk) AND NOT contains(gone, :id)",
        values={":one": 1, ":photo": {photo_id}, ":id": photo_id},
    )


def expect_update(seen: Batch, expected: int) -> UpdateArguments:
    """A batch waits no longer for photos that will never come, or that nothing is left of: it expects `expected`, if it
    is still as seen."""
    return _update(
        batch_item_key(seen.batch_id),
        "SET expected = :expected",
        where="expected = :seen",
        values={":expected": expected, ":seen": seen.expected},
    )


# --- Text messages cost money, so they are counted ------------------------------------------------------------------

SMS_A_DAY_EACH = 10  # to one person, codes and notices together
COUNTS_KEPT = 2 * 24 * 60 * 60  # seconds


def sms_of_person_key(owner_id: str, now: str) -> Key:
    """The count of one person's text messages on the day (UTC) of `now`; it goes with all else that is theirs."""
    return {"pk": f"OWNER#{owner_id}", "sk": f"SMS#{now[:10]}"}


def sms_of_all_key(now: str) -> Key:
    """The count of everybody's text messages on the day (UTC) of `now`."""
    return {"pk": f"SMS#{now[:10]}", "sk": "SMS"}


def codes_of_person_key(owner_id: str, now: str) -> Key:
    """The count of the codes that one person had sent to a phone on the day of `now`."""
    return {"pk": f"OWNER#{owner_id}", "sk": f"CODES#{now[:10]}"}


def codes_to_number_key(number: str, now: str) -> Key:
    """The count of the codes sent to one number on the day of `now`, whoever asked; `number` does not tell which."""
    return {"pk": f"SMS#{now[:10]}", "sk": f"CODES#{number}"}


def count_update(key: Key, *, at_most: int, now: str) -> UpdateArguments:
    """Count one more, unless there are `at_most` already: the condition fails then. The table forgets the count by
    itself, by `forget_at` (seconds since 1970)."""
    return _update(
        key,
        "SET forget_at = :forget_at ADD sent :one",
        where="attribute_not_exists(sent) OR sent < :most" if at_most else "sent < :most",
        values={":one": 1, ":most": at_most, ":forget_at": int(datetime.fromisoformat(now).timestamp()) + COUNTS_KEPT},
    )
