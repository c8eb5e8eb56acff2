"""A bar for each month, as numbers for an SVG that the server writes: no script draws it and no style is inline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, GAP, LABELS, TOP = 720, 180, 12, 32, 20


@dataclass(frozen=True)
class Bar:
    name: str
    dollars: Decimal
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def above(self) -> float:
        return round(self.y - 5, 1)

    @property
    def short_name(self) -> str:
        return self.name[:3]


@dataclass(frozen=True)
class Plot:
    """`limit_y` is where the line of the cap lies, None where there is none or it is far above every bar."""

    bars: list[Bar]
    limit_y: float | None
    width: int = WIDTH
    height: int = HEIGHT + LABELS

    @property
    def base(self) -> int:
        return HEIGHT


def make(values: Sequence[tuple[str, Decimal]], *, limit: Decimal | None) -> Plot:
    """A bar for each (name, dollars); the highest, or the limit if that is not twice as high, fills the plot."""
    highest = max((dollars for _name, dollars in values), default=Decimal(0))
    is_near = limit is not None and limit <= 2 * highest
    top = max(highest, limit) if is_near and limit is not None else highest
    step = WIDTH / max(1, len(values))
    bars = [_bar(name, dollars, at * step + GAP / 2, step - GAP, top) for at, (name, dollars) in enumerate(values)]
    return Plot(bars, round(HEIGHT - _tall(limit, top), 1) if is_near and limit is not None else None)


def _bar(name: str, dollars: Decimal, x: float, width: float, top: Decimal) -> Bar:
    tall = _tall(dollars, top)
    return Bar(name, dollars, round(x, 1), round(HEIGHT - tall, 1), round(width, 1), round(tall, 1))


def _tall(dollars: Decimal, top: Decimal) -> float:
    return float(dollars / top) * (HEIGHT - TOP) if top else 0.0
