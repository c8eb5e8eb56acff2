"""How much the tests of faults try: a little with all other tests, and all of it with SHOEBOX_FAULTS=long."""

from __future__ import annotations

import os
from typing import TypeVar

Size = TypeVar("Size")
LONG = os.environ.get("SHOEBOX_FAULTS") == "long"


def pick(little: Size, *, long: Size) -> Size:
    return long if LONG else little
