"""Every call of AWS that the pipeline makes, and everything that can happen to it: all photos come to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.faults.injection import CallSite, Fault
from tests.faults.uploads import Upload, mails_to, make_upload, orphans, what_is_told
from tests.faults.world import assert_counts_agree
from tests.pipeline_lambdas.rekognition import LABELS
from webapp.operations import campaigns
from webapp.operations.models import Campaign, CampaignStatus, PhotoStatus
from webapp.operations.moving import step
from webapp.photos import catalog, tasks
from webapp.photos.models import Photo, PhotoLabel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("emptied")]

GET, UPDATE, TRANSACT = "DynamoDB.GetItem", "DynamoDB.UpdateItem", "DynamoDB.TransactWriteItems"
READ, WRITE, MAIL = "S3.GetObject", "S3.PutObject", "SESv2.SendEmail"
# A call is named by what it is and how often the same was made before: what a clean run makes, and no other.
CALLS: dict[str, dict[str, dict[str, int]]] = {
    "good": {
        "TriggerStepFunction": {"SFN.StartExecution": 1},
        "ResizeImage": {UPDATE: 2, READ: 1, GET: 1, WRITE: 3},
        "RekognitionLabels": {
            GET: 3, TRANSACT: 1, UPDATE: 4,
            "Rekognition.DetectLabels": 1, "Rekognition.DetectFaces": 1, "Rekognition.DetectModerationLabels": 1,
        },
        "StoreMetadata": {GET: 1, UPDATE: 2},
        "NotifyUser": {GET: 3, READ: 1, UPDATE: 2, MAIL: 1},
    },
    "refused": {
        "TriggerStepFunction": {"SFN.StartExecution": 1},
        "ResizeImage": {UPDATE: 1, READ: 1},
        "StoreMetadata": {UPDATE: 2},
        "NotifyUser": {GET: 3, UPDATE: 2, MAIL: 1},
    },
}  # fmt: skip
SITES = [
    (kind, CallSite(function, operation, number + 1))
    for kind, functions in CALLS.items()
    for function, operations in functions.items()
    for operation, count in operations.items()
    for number in range(count)
]
CELLS = [(kind, site, fault) for kind, site in SITES for fault in Fault]
# Between the claim and the answer of SES nobody else may send, and nobody can know whether a mail went out. Here
# alone a notice is lost, since none is sent twice; the list on the site still shows it.
CLAIM, SEND = CallSite("NotifyUser", UPDATE), CallSite("NotifyUser", MAIL)
LOSES_ITS_NOTICE = {(CLAIM, Fault.CRASH_AFTER), (SEND, Fault.CRASH_BEFORE), (SEND, Fault.SERVER_ERROR)}


@pytest.fixture(scope="module")
def files(small_photo: bytes) -> dict[str, bytes]:
    return {"good": small_photo, "refused": photo_files.text_named_jpg()}


@pytest.fixture(scope="module")
def clean_runs() -> dict[str, Any]:
    """What is told of a photo that nothing happened to, by kind, once it was run."""
    return {}


def _run(cloud: SimpleNamespace, data: bytes) -> Upload:
    upload = make_upload(cloud.aws, data)
    cloud.pipeline.arrive(upload.photo.key, upload.etag)
    return upload


def _run_clean(cloud: SimpleNamespace, data: bytes) -> Upload:
    cloud.injector.reset()
    return _run(cloud, data)


@pytest.mark.parametrize("kind", CALLS)
def test_the_matrix_has_every_call_of_a_clean_run_and_every_fault(
    cloud: SimpleNamespace, files: dict[str, bytes], kind: str
) -> None:
    upload = _run_clean(cloud, files[kind])
    assert sorted(cloud.injector.seen) == sorted(site for each, site in SITES if each == kind)
    assert sum(each == kind for each, _, _ in CELLS) == len(cloud.injector.seen) * 5
    assert mails_to(upload.photo.owner.email) == 1
    assert orphans(cloud.aws, str(upload.photo.owner_id)) == []


@pytest.mark.parametrize(("kind", "site", "fault"), CELLS, ids=lambda part: str(part))
def test_a_call_that_goes_wrong_changes_nothing_in_the_end(
    cloud: SimpleNamespace,
    files: dict[str, bytes],
    clean_runs: dict[str, Any],
    kind: str,
    site: CallSite,
    fault: Fault,
) -> None:
    if kind not in clean_runs:
        clean_runs[kind] = what_is_told(_run_clean(cloud, files[kind]))
    cloud.injector.arm(site, fault)

    upload = _run(cloud, files[kind])
    tasks.sweep()
    cloud.pipeline.run_executions()
    tasks.index_photos()

    assert cloud.injector.struck == site
    assert _is_ended(upload)
    assert what_is_told(upload) == clean_runs[kind]
    assert mails_to(upload.photo.owner.email) == (0 if (site, fault) in LOSES_ITS_NOTICE else 1)
    assert orphans(cloud.aws, str(upload.photo.owner_id)) == []


def _is_ended(upload: Upload) -> bool:
    upload.photo.refresh_from_db()
    record = catalog.get(upload.photo)
    assert record is not None
    return upload.photo.status == record.status and record.status in contract.TERMINAL


# --- A run that looks for labels anew, begun by a campaign -----------------------------------------------------------

RELABELS: dict[str, dict[str, int]] = {
    "ResizeImage": {GET: 1},
    "RekognitionLabels": {GET: 3, TRANSACT: 1, UPDATE: 2, "Rekognition.DetectLabels": 1},
    "StoreMetadata": {GET: 1, UPDATE: 1},
}
RELABEL_SITES = [
    CallSite(function, operation, number + 1)
    for function, operations in RELABELS.items()
    for operation, count in operations.items()
    for number in range(count)
]
NAMES = {"Heron", "Reed"}


@pytest.fixture
def other_labels(cloud: SimpleNamespace) -> Iterator[None]:
    """What Rekognition finds from now on in the photos that it has seen."""
    answers = cloud.rekognition.answers
    before = answers[LABELS]
    yield
    answers[LABELS] = before


def _find(cloud: SimpleNamespace, *names: str) -> None:
    answers = cloud.rekognition.answers
    labels = [{**label, "Name": name} for label, name in zip(answers[LABELS]["Labels"], names, strict=True)]
    answers[LABELS] = {**answers[LABELS], "Labels": labels}


def _relabel(cloud: SimpleNamespace, photo: Photo) -> Campaign:
    """A campaign over one person's photos, to its end."""
    campaign = campaigns.plan(by=photo.owner, name="Again", asks_anew=True, owner=photo.owner)
    campaigns.start(campaign)
    for _ in range(12):
        if not step(campaign):
            break
        cloud.pipeline.run_executions()
    campaign.refresh_from_db()
    return campaign


def _shown(photo: Photo) -> tuple[set[str], set[str]]:
    """The labels of a photo in its record and in the index."""
    record = catalog.get(photo)
    assert record is not None
    assert (record.status, record.relabel_run) == (contract.Status.READY, "")
    indexed = PhotoLabel.objects.filter(photo=photo).values_list("name", flat=True)
    return {label.name for label in record.labels}, set(indexed)


def test_the_matrix_has_every_call_of_a_run_that_relabels(
    cloud: SimpleNamespace, files: dict[str, bytes], other_labels: None
) -> None:
    photo = _ready(cloud, files)
    cloud.injector.reset()
    _find(cloud, *NAMES)
    _relabel(cloud, photo)
    assert sorted(cloud.injector.seen) == sorted(RELABEL_SITES)
    assert _shown(photo) == (NAMES, NAMES)


def _ready(cloud: SimpleNamespace, files: dict[str, bytes]) -> Photo:
    upload = _run_clean(cloud, files["good"])
    tasks.index_photos()
    upload.photo.refresh_from_db()
    return upload.photo


@pytest.mark.parametrize("site", RELABEL_SITES, ids=str)
def test_a_call_of_a_relabel_that_goes_wrong_leaves_its_photo_with_all_old_or_all_new_labels(
    cloud: SimpleNamespace, files: dict[str, bytes], other_labels: None, site: CallSite
) -> None:
    photo = _ready(cloud, files)
    for fault in Fault:
        before, new = _shown(photo)[0], {f"{fault} here", f"{fault} there"}
        _find(cloud, *new)
        cloud.injector.arm(site, fault)
        campaign = _relabel(cloud, photo)
        assert (cloud.injector.struck, campaign.status) == (site, CampaignStatus.FINISHED), fault
        row = campaign.photos.get()
        kept = new if row.status == PhotoStatus.DONE else before
        assert row.status in (PhotoStatus.DONE, PhotoStatus.FAILED), fault
        assert _shown(photo) == (kept, kept), fault
        assert_counts_agree([photo.owner])
        tally = {label.name: (label.gained, label.lost) for label in campaign.labels.all()}
        assert tally == dict.fromkeys(kept - before, (1, 0)) | dict.fromkeys(before - kept, (0, 1)), fault
    assert mails_to(photo.owner.email) == 1, "that of the upload"
