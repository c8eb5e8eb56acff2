"""How many calls a second are taken, as an AWS account's quota has it: of each operation by itself."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from .errors import ProvisionedThroughputExceededException


class Quota:
    """A bucket for each operation, that holds a second's calls and fills again evenly; without a number, no limit."""

    def __init__(self, calls_a_second: float | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._now = calls_a_second, now
        self._left: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, operation: str) -> None:
        """Raises ProvisionedThroughputExceededException when the operation was called too often."""
        if self._rate is not None and not self._may_take(operation, self._rate):
            raise ProvisionedThroughputExceededException("Provisioned rate exceeded")

    def _may_take(self, operation: str, rate: float) -> bool:
        most = max(1.0, rate)
        with self._lock:
            now = self._now()
            gained = (now - self._seen.get(operation, now)) * rate
            left = min(most, self._left.get(operation, most) + gained)
            taken = left >= 1
            self._left[operation], self._seen[operation] = left - taken, now
        return taken


def read_quota(number: str) -> Quota:
    """The quota that SHOEBOX_REKOGNITION_CALLS_A_SECOND sets; none when it is empty. Raises ValueError."""
    return Quota(float(number) if number else None)


class Tally:
    """How many calls of each operation were answered, and how many refused with an error."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, operation: str, *, answered: bool) -> None:
        with self._lock:
            (self.answered if answered else self.refused)[operation] += 1

    def lines(self) -> list[str]:
        """A line an operation, such as "DetectLabels: 300 answered, 7 refused"."""
        names = sorted(self.answered | self.refused)
        return [f"{name}: {self.answered[name]} answered, {self.refused[name]} refused" for name in names]
