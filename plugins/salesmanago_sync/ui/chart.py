"""Charts, computed on the server and drawn as SVG by the template: no library of scripts, no inline style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from salesmanago_sync.overview.runs import RunLine

WIDTH, HEIGHT = 600, 140
GAP = 3
# A number that is not zero is never invisible.
LOWEST = 3.0
KINDS = ("failed", "updated", "created")
SPARK_WIDTH, SPARK_HEIGHT = 70, 18


@dataclass(frozen=True, slots=True)
class Part:
    """One colour of a bar."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One run."""

    x: float
    width: float
    label: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Chart:
    """One direction of the last runs, the oldest at the left."""

    direction: str
    width: int
    height: int
    top: int
    bars: Sequence[Bar]


def run_chart(runs: Sequence[RunLine], direction: str, slots: int) -> Chart:
    """Stack what became of people in each run.

    Args:
        runs: The newest first.
        direction: Which direction.
        slots: For how many runs there is room.
    """
    counted = [(run, run.counts[direction]) for run in reversed(runs)]
    top = max((count.created + count.updated + count.failed for _, count in counted), default=0)
    width = WIDTH / slots
    bars = []
    for place, (run, count) in enumerate(counted, slots - len(counted)):
        numbers = {kind: getattr(count, kind) for kind in KINDS}
        told = ", ".join(f"{number} {kind}" for kind, number in reversed(numbers.items()))
        label = f"{run.started_at:%Y-%m-%d %H:%M} UTC, {run.mode}: {told}"
        bars.append(Bar(round(place * width, 1), round(width - GAP, 1), label, _stack(numbers, top)))
    return Chart(direction, WIDTH, HEIGHT, top, bars)


def _stack(numbers: dict[str, int], top: int) -> list[Part]:
    parts = []
    y = float(HEIGHT)
    for kind, number in numbers.items():
        if number:
            height = max(LOWEST, number / top * (HEIGHT - LOWEST * len(KINDS)))
            y -= height
            parts.append(Part(kind, round(y, 1), round(height, 1)))
    return parts


def sparkline(values: Sequence[int]) -> str:
    """Give the points of a line through values, the oldest at the left."""
    top = max([*values, 1])
    step = SPARK_WIDTH / max(len(values) - 1, 1)
    points = [(place * step, SPARK_HEIGHT - 1 - value / top * (SPARK_HEIGHT - 2)) for place, value in enumerate(values)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
