"""How much the fullest answers take: between the steps, in the record, in the analysis, and in the history."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.rekognition.label_table import Label, load_label_table
from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.labels import MAX_BOXES
from tests.faults.burst import PLAIN_RUN_EVENTS
from tests.faults.state_machine import Execution, TaskFailed, load, run
from tests.faults.uploads import Upload, make_upload
from tests.pipeline_lambdas.rekognition import FACES, LABELS
from tests.pipeline_lambdas.sizes import item_size

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("emptied")]
LABELS_FOUND, FACES_FOUND = 1000, 100
MOST_STATE_BYTES, MOST_ITEM_BYTES, MOST_EVENTS = 32 * 1024, 100_000, 100


def make_instance(chance: random.Random) -> dict[str, Any]:
    left, top = chance.uniform(0, 0.6), chance.uniform(0, 0.6)
    box = {"Left": left, "Top": top, "Width": chance.uniform(0.05, 0.4), "Height": chance.uniform(0.05, 0.4)}
    return {"BoundingBox": box, "Confidence": chance.uniform(50, 100)}


def make_label(label: Label, chance: random.Random, *, boxes: int) -> dict[str, Any]:
    return {
        "Name": label.name,
        "Confidence": chance.uniform(1, 100),
        "Parents": [{"Name": name} for name in label.parents],
        "Categories": [{"Name": name} for name in label.categories],
        "Aliases": [{"Name": name} for name in label.aliases],
        "Instances": [make_instance(chance) for _ in range(boxes)],
    }


def longest_labels() -> list[Label]:
    """Of all that the local Rekognition knows, those that take the most room."""

    def length(label: Label) -> int:
        return len(label.name) + sum(map(len, label.parents + label.categories))

    return sorted(load_label_table().labels.values(), key=length, reverse=True)[:LABELS_FOUND]


@pytest.fixture
def fullest(cloud: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rekognition finds as much in a photo as it ever does."""
    chance = random.Random(1)
    labels = [make_label(label, chance, boxes=20 if at % 10 == 0 else 0) for at, label in enumerate(longest_labels())]
    faces = [make_instance(chance) for _ in range(FACES_FOUND)]
    monkeypatch.setitem(cloud.rekognition.answers, LABELS, {"Labels": labels, "LabelModelVersion": "3.0"})
    monkeypatch.setitem(cloud.rekognition.answers, FACES, {"FaceDetails": faces})


@pytest.fixture
def upload(cloud: SimpleNamespace, fullest: None, small_photo: bytes) -> Upload:
    cloud.injector.reset()
    upload = make_upload(cloud.aws, small_photo)
    cloud.pipeline.arrive(upload.photo.key, upload.etag)
    return upload


def items_of(cloud: SimpleNamespace, upload: Upload) -> dict[str, dict[str, Any]]:
    """What is kept of a person who has one photo, by the first word of its key."""
    found = cloud.aws.table.query(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"OWNER#{upload.photo.owner_id}"}
    )
    return {item["sk"].partition("#")[0]: item for item in found["Items"]}


def test_a_thousand_labels_and_a_hundred_faces_fit(cloud: SimpleNamespace, upload: Upload) -> None:
    (execution,) = (ran for name, ran in cloud.pipeline.executions.items() if name.startswith(str(upload.photo.pk)))
    items = items_of(cloud, upload)
    record = contract.from_item(contract.Photo, items["PHOTO"])
    boxes = sum(len(label.instances) for label in record.labels)
    assert (record.status, len(record.labels), len(record.faces)) == ("ready", LABELS_FOUND, FACES_FOUND)
    assert boxes == MAX_BOXES

    sizes = {name: item_size(item) for name, item in items.items()}
    print(f"state {execution.largest} bytes, items {sizes}, history {count_events(execution)} events")
    assert execution.largest <= MOST_STATE_BYTES
    assert max(sizes["PHOTO"], sizes["ANALYSIS"]) <= MOST_ITEM_BYTES
    assert count_events(execution) <= MOST_EVENTS


def count_events(execution: Execution) -> int:
    """Events of Step Functions' history: begin and end; a state is entered and left; a task is scheduled, started and
    ended each time it is tried."""
    states = load()["States"]
    tries = [(states[name]["Type"], len(list(same))) for name, same in itertools.groupby(execution.visited)]
    return 2 + sum(2 + 3 * number if kind == "Task" else 2 for kind, number in tries)


def failing(errors: dict[str, list[str]]) -> Callable[[str, Any], Any]:
    """Tasks that fail with these errors, by resource, and then succeed."""
    called = Counter[str]()

    def invoke(resource: str, _given: Any) -> Any:
        called[resource] += 1
        if called[resource] <= len(errors.get(resource, [])):
            raise TaskFailed(errors[resource][called[resource] - 1])
        return {"outcome": "resized", "batch_due": True, "batch_id": "b1"}

    return invoke


def test_a_plain_run_has_few_events() -> None:
    ran = run(load(), {"run": {}}, failing({}))
    assert count_events(ran) == PLAIN_RUN_EVENTS


def test_even_when_every_task_fails_as_often_as_it_may_the_history_is_short() -> None:
    """But for what Lambda throttles: that is waited out for longer (tests/faults/burst.py counts it)."""
    broken = "Runtime.ExitError"
    errors = {
        "ResizeImageArn": [broken] * 4,
        "RekognitionLabelsArn": [broken] * 6,
        "StoreMetadataArn": [broken] * (5 + 5),  # StoreMetadata to its end, and StoreFailure
        "NotifyUserArn": ["Lambda.ServiceException"] * 4,
    }
    ran = run(load(), {"run": {}}, failing(errors))
    tried = Counter(ran.visited)
    assert [tried[name] for name in ("ResizeImage", "RekognitionLabels", "StoreMetadata", "StoreFailure")] == [
        5,
        7,
        5,
        6,
    ]
    assert (ran.status, ran.visited[-1]) == ("SUCCEEDED", "NoticeNotSent")
    assert count_events(ran) <= MOST_EVENTS
