"""Fuzz the ResizeImage handler with atheris, which follows what Python code an input reaches: the header check, Pillow.

    pip install atheris
    python -m benchmarks.fuzz_atheris [FOLDER …] [--minutes 10] [--seed 1] [--keep var/fuzz]

Seeds, spoiling and the answers of S3 and DynamoDB are those of `benchmarks.fuzz`. libFuzzer runs all inputs in this one
process, so it ends at the first exception, signal, ten seconds or 2 GB, and leaves the input in the folder.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
from pathlib import Path
from random import Random
from typing import Any

_MOST_BYTES = 1 << 20


def main() -> None:
    arguments = _arguments()
    atheris: Any = importlib.import_module("atheris")  # which nothing else here needs
    with atheris.instrument_imports(include=["PIL", "pillow_heif", "pipeline_lambdas"]):
        from benchmarks import canned_aws, mutations, seeds

        canned_aws.start()
        canned_aws.resize(b"")
    pool = [*seeds.made().values(), *(data for folder in arguments.folders for data in seeds.found(folder).values())]

    def spoil(data: bytes, most: int, seed: int) -> Any:
        dice = Random(seed)  # noqa: S311 - chance, not secrecy
        return mutations.mutate(data, dice, pool)[:most] if dice.random() < 0.7 else atheris.Mutate(data, most)

    atheris.Setup([sys.argv[0], *_options(arguments, pool)], lambda data: canned_aws.resize(data), custom_mutator=spoil)
    atheris.Fuzz()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), help="where an input that broke something goes")
    return parser.parse_args()


def _options(arguments: argparse.Namespace, pool: list[bytes]) -> list[str]:
    corpus = arguments.keep / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in pool:
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    return [
        f"-max_total_time={round(arguments.minutes * 60)}",
        f"-seed={arguments.seed}",
        f"-max_len={_MOST_BYTES}",
        f"-artifact_prefix={arguments.keep}/",
        "-timeout=10",
        "-rss_limit_mb=2048",
        str(corpus),
    ]


if __name__ == "__main__":
    main()
