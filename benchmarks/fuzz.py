"""Fuzz the ResizeImage handler: small photos of every accepted format, spoilt in every way, by the thousand.

    python -m benchmarks.fuzz [FOLDER …] [--minutes 10] [--seed 1] [--keep var/fuzz]
    python -m benchmarks.fuzz --replay FILE …  what kept inputs do

The handler is the real one; S3 and DynamoDB are answered within the process. Each input must end in a result, `resized`
or `rejected` with a code. An exception, a signal, ten seconds, or a process that grew by more than a gigabyte are
findings: the input is kept, and the exit code is 1. Inputs follow from the seed and their number alone.
`benchmarks.fuzz_atheris` is the same, led by the code that an input reaches.

Small files of accepted formats in FOLDER are seeds as well: Pillow's Tests/images are made for it.
"""

from __future__ import annotations

import argparse
import collections
import functools
import json
import resource
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks import children, seeds
from benchmarks.canned_aws import resize, start
from benchmarks.mutations import mutate

SECONDS = 10
LIMIT = 4 << 30  # where no more is to be had, a picture that asks for it looks merely damaged
MOST_GROWN_KB = 1 << 20
_RUNS_OF_A_CHILD = 1500  # then another is forked, so that what libraries keep does not count against the limit
_HOUR = 3600


@dataclass
class Tally:
    """What happened so far: how many inputs ended how, the inputs that ended badly, and by how many kilobytes the
    memory of a child grew at most."""

    ends: collections.Counter[str] = field(default_factory=collections.Counter)
    kept: list[Path] = field(default_factory=list)
    grown: int = 0


def main() -> int:
    arguments = _arguments()
    warnings.simplefilter("ignore")  # Pillow tells all that it overlooks
    start()
    if arguments.replay:
        return int(sum(not _is_fine(path) for path in arguments.replay) > 0)
    arguments.keep.mkdir(parents=True, exist_ok=True)
    pool = list(seeds.made().values()) + [data for folder in arguments.folders for data in seeds.found(folder).values()]
    print(f"{len(pool)} seeds", flush=True)
    tally = fuzz(pool, seed=arguments.seed, seconds=arguments.minutes * 60, keep=arguments.keep)
    _print(tally)
    return int(bool(tally.kept))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), help="where inputs that broke something go")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE")
    return parser.parse_args()


def fuzz(pool: list[bytes], *, seed: int, seconds: float, keep: Path) -> Tally:
    """Run inputs made from `pool` in children, one after another, until `seconds` are over."""
    tally, number, until = Tally(), 0, time.monotonic() + seconds
    limits = children.Limits(spare_bytes=LIMIT, seconds=_HOUR)
    while time.monotonic() < until:
        with tempfile.NamedTemporaryFile("w", buffering=1, suffix=".jsonl") as log:
            numbers = range(number, number + _RUNS_OF_A_CHILD)
            work = functools.partial(_work, log, pool, seed, numbers, until)
            ended = children.run(work, limits, warm=functools.partial(resize, pool[0]))
            number = 1 + _read_log(Path(log.name), tally)
        if not ended.is_fine:
            tally.kept.append(_keep(keep, make_input(pool, seed, number - 1), f"{seed}-{number - 1}", ended))
    return tally


def _work(log: tempfile._TemporaryFileWrapper[str], pool: list[bytes], seed: int, numbers: range, until: float) -> None:
    before = _most_memory()
    for number in numbers:
        data = make_input(pool, seed, number)
        print(json.dumps({"begun": number}), file=log)
        signal.alarm(SECONDS)  # which ends the process
        end = resize(data)
        signal.alarm(0)
        grown = _most_memory() - before
        print(json.dumps({"end": end, "grown": grown}), file=log)
        assert grown < MOST_GROWN_KB, f"{end}, but it took {grown >> 10} MB"
        if time.monotonic() > until:
            return


def make_input(pool: list[bytes], seed: int, number: int) -> bytes:
    dice = Random(f"{seed}/{number}")  # noqa: S311 - chance, not secrecy
    return mutate(dice.choice(pool), dice, pool)


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _read_log(path: Path, tally: Tally) -> int:
    """Count what a child did; the number of its last input."""
    number = 0
    for line in path.read_text().splitlines():
        told = json.loads(line)
        number = told.get("begun", number)
        if "end" in told:
            tally.ends[told["end"]] += 1
            tally.grown = max(tally.grown, told["grown"])
    return number


def _keep(folder: Path, data: bytes, name: str, ended: children.Ended) -> Path:
    path = folder / f"{name}.bin"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(f"{ended.signal}\n{ended.error}\n{ended.said}\n")
    print(f"{path}: {ended.signal} {(ended.error or ended.said).strip().splitlines()[-1:]}", flush=True)
    return path


def _is_fine(path: Path) -> bool:
    """Whether a kept input ends well now; says how it does."""
    limits = children.Limits(spare_bytes=LIMIT, seconds=SECONDS)
    warm = functools.partial(resize, next(iter(seeds.made().values())))
    ended = children.run(functools.partial(_weigh, path.read_bytes()), limits, warm=warm)
    print(f"{path}: {ended.returned or ended.signal or ('timeout' if ended.timed_out else ended.error)}")
    return ended.is_fine


def _weigh(data: bytes) -> str:
    before = _most_memory()
    return f"{resize(data)}, {_most_memory() - before >> 10} MB"


def _print(tally: Tally) -> None:
    inputs = sum(tally.ends.values()) + len(tally.kept)
    print(f"{inputs} inputs; the memory of a child grew by {tally.grown // 1024} MB at most")
    for end, count in tally.ends.most_common():
        print(f"  {end}: {count}")
    print(f"  died, raised or hung: {len(tally.kept)}")


if __name__ == "__main__":
    sys.exit(main())
