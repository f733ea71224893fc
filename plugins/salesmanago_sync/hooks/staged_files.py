"""Staged files: frames and JSON of one run, each attempt's by themselves, wherever they are kept."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from salesmanago_sync.errors import FatalError
from salesmanago_sync.parquet import from_parquet, to_parquet


class StagedFiles(ABC):
    """Files of a run, each of them whole or not there.

    An attempt writes files of its own, and reads the newest of its own and of earlier attempts: what an ended attempt
    still writes, because its worker stood still for a while, changes nothing for the one that took its place.

    Args:
        attempt: The number that the task works under; 0 where there is none, which sees everything.
    """

    def __init__(self, attempt: int = 0) -> None:
        self._attempt = attempt

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Store a frame, its index included."""
        self._put(self._attempt, f"{name}.parquet", to_parquet(frame))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a frame, or some columns of it, as far as it has them."""
        return from_parquet(self._newest(f"{name}.parquet"), columns)

    def write_json(self, name: str, value: Any) -> None:
        """Store a JSON value."""
        self._put(self._attempt, f"{name}.json", json.dumps(value).encode())

    def read_json(self, name: str) -> Any:
        """Read a JSON value."""
        return json.loads(self.read_written(name))

    def read_written(self, name: str) -> bytes:
        """Read a JSON value as it is written."""
        return self._newest(f"{name}.json")

    def has(self, file: str) -> bool:
        """Tell whether a file was stored."""
        return self._stored_by(file) is not None

    @abstractmethod
    def remove(self) -> None:
        """Delete everything of this run; personal data does not stay behind."""

    def _newest(self, file: str) -> bytes:
        attempt = self._stored_by(file)
        if attempt is None:
            raise FatalError(
                f"{file} of this run is not staged: an earlier task must make it, or it belongs to an attempt that has "
                "ended. Clear the whole run, or start a new one."
            )
        return self._get(attempt, file)

    def _stored_by(self, file: str) -> int | None:
        """Say which attempt stored a file last, among those that count."""
        earlier = {one for one in self._attempts() if one <= self._attempt or not self._attempt}
        return next((one for one in sorted(earlier, reverse=True) if self._has(one, file)), None)

    @abstractmethod
    def _attempts(self) -> Iterable[int]:
        """Name the attempts that have stored anything."""

    @abstractmethod
    def _has(self, attempt: int, file: str) -> bool:
        """Tell whether an attempt stored a file."""

    @abstractmethod
    def _put(self, attempt: int, file: str, content: bytes) -> None:
        """Store a file of an attempt, whole or not at all."""

    @abstractmethod
    def _get(self, attempt: int, file: str) -> bytes:
        """Read a file that is there."""
