"""How right and how quick the local Rekognition is, on a folder of photos of one class each.

    python -m benchmarks.labels FOLDER [--wordnet /usr/share/wordnet/data.noun] [--json file.json] [--plot file.png]

What a photo shows is said by its name or its folder's: label_photos.py says how. Any number of photos, of any of
ImageNet's thousand classes, will do; github.com/EliSchwartz/imagenet-sample-images has one of each. WordNet 3.0 is in
Debian's package wordnet-base.

Each photo is classified by the model alone (top-1 and top-5 of the thousand classes, first in the middle view, as the
model's exporter does, then in all its views), and sent to the real server, over HTTP, with the template's own
MinConfidence and MaxLabels. Of the labels in the answer, parents included, those that are true by WordNet are counted:
wordnet.py says when, and which synset a label stands for where WordNet has another name. The labels of a face (Person,
Head, Face) are counted aside: the class says nothing about who else is in the photo.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import boto3
import numpy as np
import pillow_heif
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.rekognition.detectors import LabelDetector, view_boxes
from infra.local.rekognition.face_labels import FACE, FACE_LABELS
from infra.local.rekognition.images import decode_image
from infra.local.rekognition.label_table import load_label_table
from infra.local.rekognition.permissions import Permissions
from infra.local.rekognition.server import RekognitionServer, make_operations
from infra.local.rekognition.sources import ImageSource

from .label_photos import find_photos, read_as_sent, read_names
from .wordnet import Judge, read_wordnet

MIN_CONFIDENCE, MAX_LABELS = 55.0, 25  # the template's own
NO_KEYS = {"region_name": "eu-west-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
PATIENT = Config(retries={"total_max_attempts": 1}, read_timeout=120)


@dataclass(frozen=True)
class Shown:
    """A label in the server's answer. `true` is WordNet's word on it, None for the label of a face."""

    name: str
    confidence: float
    true: bool | None
    by_word: bool


@dataclass(frozen=True)
class Seen:
    """What came of one photo: the rank of its class (0 is best), milliseconds, and the labels shown."""

    path: str
    class_name: str
    labels: list[Shown]
    call_ms: float
    rank_middle: int
    rank: int
    view_ms: float
    view_cpu_ms: float
    refused: str = ""


def main() -> None:
    arguments = parse(sys.argv[1:])
    pillow_heif.register_heif_opener()
    bench = Bench(arguments)
    photos = list(find_photos(arguments.folder, bench.names))
    named = [(path, number) for path, number in photos if number is not None]
    if not named:
        sys.exit(f"No photo in {arguments.folder} says by its name which of ImageNet's classes it shows.")
    with serving() as client:
        seen = [bench.look(client, path, number) for path, number in named]
    report(seen, unnamed=len(photos) - len(named))
    write(seen, arguments)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="photos of one class each")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet/data.noun"), help="WordNet's nouns")
    parser.add_argument("--min-confidence", type=float, default=MIN_CONFIDENCE)
    parser.add_argument("--max-labels", type=int, default=MAX_LABELS)
    parser.add_argument("--json", type=Path, help="a file for the figures and what was said of every photo")
    parser.add_argument("--plot", type=Path, help="a PNG of how often a label is true, by its confidence")
    arguments = parser.parse_args(words)
    if not arguments.wordnet.exists():
        parser.error(f"There is no {arguments.wordnet}: install Debian's wordnet-base, or say where data.noun is.")
    return arguments


@contextmanager
def serving() -> Iterator[Any]:
    """A client of the real server, with its real models, on a free port."""
    server = RekognitionServer(0, make_operations(ImageSource(None)), Permissions())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield boto3.client("rekognition", endpoint_url=url, config=PATIENT, **NO_KEYS)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Bench:
    """The model, and what is needed to judge its answers."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        wordnet, self._table = read_wordnet(arguments.wordnet), load_label_table()
        self.names = read_names(wordnet, self._table)
        self._judge = Judge(wordnet, self._table)
        self._detector = LabelDetector.load(threads=1)
        self._limits = {"MinConfidence": arguments.min_confidence, "MaxLabels": arguments.max_labels}

    def look(self, client: Any, path: Path, number: int) -> Seen:
        content, name = read_as_sent(path), self._table.classes[number]
        start = time.perf_counter()
        try:
            labels = client.detect_labels(Image={"Bytes": content}, **self._limits)["Labels"]
        except ClientError as error:
            return Seen(str(path), name, [], 0, 1000, 1000, 0, 0, refused=error.response["Error"]["Code"])
        call_ms = (time.perf_counter() - start) * 1000
        return Seen(str(path), name, self._judged(labels, number), call_ms, **self._classify(content, number))

    def _judged(self, labels: Sequence[dict[str, Any]], number: int) -> list[Shown]:
        names = [label["Name"] for label in labels]
        of_faces = {label.name for label in FACE_LABELS} if FACE.name in names else set()
        return [
            Shown(
                name=label["Name"],
                confidence=label["Confidence"],
                true=None if label["Name"] in of_faces else self._judge.is_true(label["Name"], number),
                by_word=self._judge.is_word(label["Name"], number),
            )
            for label in labels
        ]

    def _classify(self, content: bytes, number: int) -> dict[str, Any]:
        image = decode_image(content)
        middle, *others = view_boxes(*image.size)
        wall, cpu = time.perf_counter(), time.thread_time()
        in_middle = self._detector.classify(image, [middle])
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        in_all = self._detector.classify(image, [middle, *others])
        return {
            "rank_middle": rank(in_middle, number),
            "rank": rank(in_all, number),
            "view_ms": wall * 1000,
            "view_cpu_ms": cpu * 1000,
        }


def rank(probabilities: np.ndarray, number: int) -> int:
    return int((probabilities > probabilities[number]).sum())


def figures(seen: Sequence[Seen]) -> dict[str, float]:
    """The figures by name. A photo that the server refuses counts as one without labels, and in nothing else."""
    answered = [photo for photo in seen if not photo.refused]
    labels = [label for photo in answered for label in photo.labels]
    judged = [label for label in labels if label.true is not None]
    right = sum(bool(label.true) for label in judged)
    return {
        "photos": len(seen),
        "refused": len(seen) - len(answered),
        "top-1, middle view": fmean(photo.rank_middle < 1 for photo in answered),
        "top-5, middle view": fmean(photo.rank_middle < 5 for photo in answered),
        "top-1, all views": fmean(photo.rank < 1 for photo in answered),
        "top-5, all views": fmean(photo.rank < 5 for photo in answered),
        "photos with a label": fmean(bool(photo.labels) for photo in seen),
        "photos with a label of their class's": fmean(any(one.true for one in photo.labels) for photo in seen),
        "labels a photo": len(judged) / len(seen),
        "labels true by WordNet": right / max(1, len(judged)),
        "in so many words": sum(label.by_word for label in judged) / max(1, len(judged)),
        "labels of faces, not judged": len(labels) - len(judged),
        "were those all untrue": right / max(1, len(labels)),
        "ms a view, one core": median(photo.view_ms for photo in answered),
        "ms of CPU a view": median(photo.view_cpu_ms for photo in answered),
        "ms a call": median(photo.call_ms for photo in answered),
    }


def report(seen: Sequence[Seen], *, unnamed: int) -> None:
    if unnamed:
        print(f"{unnamed} photos left out: their names say no class, or more than one.", file=sys.stderr)
    print("| | |\n|---|---|")
    for name, figure in figures(seen).items():
        print(f"| {name} | {figure if isinstance(figure, int) else format(figure, '.1f' if 'ms' in name else '.3f')} |")
    untrue = Counter(label.name for photo in seen for label in photo.labels if label.true is False)
    print("\nShown and not true by WordNet:", ", ".join(f"{name} {count}" for name, count in untrue.most_common(20)))


def write(seen: Sequence[Seen], arguments: argparse.Namespace) -> None:
    if arguments.json:
        found = {"figures": figures(seen), "photos": [asdict(photo) for photo in seen]}
        arguments.json.write_text(json.dumps(found, indent=1), "utf-8")
    if arguments.plot:
        plot([label for photo in seen for label in photo.labels if label.true is not None], arguments.plot)


def plot(labels: Sequence[Shown], path: Path) -> None:
    """How often labels of a confidence are true: on the diagonal, a confidence says just that."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    starts = range(50, 100, 5)
    figure, axes = pyplot.subplots(figsize=(6, 4))
    axes.bar(starts, [100 * _share_true(labels, start) for start in starts], width=4.5, align="edge")
    axes.plot([50, 100], [50, 100], color="black", linewidth=1)
    axes.set(xlabel="confidence", ylabel="true by WordNet, %", ylim=(0, 100), xlim=(50, 100))
    figure.savefig(path, dpi=120, bbox_inches="tight")


def _share_true(labels: Sequence[Shown], start: int) -> float:
    """Of the labels with a confidence from `start` to 5 above."""
    found = [bool(label.true) for label in labels if min(label.confidence, 99.9) // 5 * 5 == start]
    return fmean(found) if found else 0.0


if __name__ == "__main__":
    main()
