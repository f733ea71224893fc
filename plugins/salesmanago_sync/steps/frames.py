"""Frames of a run: every one that is staged passes here, and is held to its declaration on the way in and out."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.steps.ports import Staging


def save_frame(staging: Staging, name: str, frame: pd.DataFrame, declared: Declared) -> None:
    """Stage a frame.

    Args:
        staging: Where it is stored.
        name: Its own name.
        frame: The frame.
        declared: What it holds.

    Raises:
        FrameError: It holds something else.
    """
    declared.check(frame, name)
    staging.write(name, frame)


def load_frame(staging: Staging, name: str, declared: Declared, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a frame back, or some columns of it, as far as it has them.

    Raises:
        FrameError: It does not hold what is declared.
    """
    frame = staging.read(name, columns)
    declared.check(frame, name, columns)
    return frame
