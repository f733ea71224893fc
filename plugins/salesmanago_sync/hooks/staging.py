"""Staging: frames between the tasks of one run, as Parquet below one path that every worker can reach."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pandas as pd
from airflow.sdk import ObjectStoragePath

from salesmanago_sync.hooks.staged_files import StagedFiles
from salesmanago_sync.hooks.whole_file import store_whole_at, usable
from salesmanago_sync.pair import STEM


class MemoryStaging:
    """Frames of a command or a page, which no other process needs."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Keep a frame."""
        self._kept[f"{name}.parquet"] = frame

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a frame, or some columns of it, as far as it has them."""
        frame: pd.DataFrame = self._kept[f"{name}.parquet"]
        return frame if columns is None else frame[[column for column in frame if column in columns]]

    def write_json(self, name: str, value: Any) -> None:
        """Keep a JSON value."""
        self._kept[f"{name}.json"] = value

    def read_json(self, name: str) -> Any:
        """Read a JSON value."""
        return self._kept[f"{name}.json"]

    def read_written(self, name: str) -> bytes:
        """Read a JSON value as it would be written."""
        return json.dumps(self._kept[f"{name}.json"]).encode()

    def has(self, file: str) -> bool:
        """Tell whether a file was kept."""
        return file in self._kept

    def remove(self) -> None:
        """Forget everything."""
        self._kept.clear()


class FolderStaging(StagedFiles):
    """Files of one run in a folder or bucket, private to the user.

    Args:
        root: A folder or bucket.
        run: Name of the run's own folder.
        attempt: The number that the task works under (`StagedFiles`).
    """

    def __init__(self, root: str, run: str, attempt: int = 0) -> None:
        super().__init__(attempt)
        safe = "".join(char if char.isalnum() or char in "-_." else "_" for char in run)
        self._folder = ObjectStoragePath(root) / safe

    def remove(self) -> None:
        """Delete everything of this run; personal data does not stay behind."""
        with self._usable("written"):
            if self._folder.exists():
                self._folder.rmdir(recursive=True)

    def _attempts(self) -> Iterable[int]:
        with self._usable("read"):
            return [int(folder.name) for folder in self._folder.iterdir()] if self._folder.exists() else []

    def _has(self, attempt: int, file: str) -> bool:
        with self._usable("read"):
            return self._path(attempt, file).exists()

    def _put(self, attempt: int, file: str, content: bytes) -> None:
        path = self._path(attempt, file)
        with self._usable("written"):
            store_whole_at(path, content)

    def _get(self, attempt: int, file: str) -> bytes:
        with self._usable("read"):
            return bytes(self._path(attempt, file).read_bytes())

    def _path(self, attempt: int, file: str) -> ObjectStoragePath:
        return self._folder / str(attempt) / file

    def _usable(self, verb: str) -> AbstractContextManager[None]:
        then = (
            "Mend that (free space, permissions, or another place in SALESMANAGO_SYNC_STAGING), then clear the whole "
            "run, or start a new run."
        )
        return usable(f"The staging folder {self._folder}", verb, then)


def clear(root: str) -> None:
    """Delete what all runs have left; a run that has ended needs it for a second try only."""
    place = ObjectStoragePath(root)
    for folder in list(place.iterdir()) if place.exists() else ():
        # Folders of runs begin with the name of their DAG; what other pairs keep here is below `pairs`.
        if folder.is_dir() and folder.name.startswith(STEM):
            folder.rmdir(recursive=True)
