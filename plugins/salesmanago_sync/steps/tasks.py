"""Tasks: how work is shared out to mapped tasks, of which Airflow allows so many at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def shared_out(work: Sequence[T], most: int) -> list[list[T]]:
    """Give each task some of the work, in its order.

    Args:
        work: Pieces of work.
        most: How many tasks there may be (`max_map_length`).
    """
    each = max(1, -(-len(work) // most))
    return [list(work[start : start + each]) for start in range(0, len(work), each)]
