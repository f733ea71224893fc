"""Staging: frames between the tasks of one run, as Parquet below one path that every worker can reach."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pandas as pd
from airflow.sdk import ObjectStoragePath

from salesmanago_sync.errors import FatalError


class MemoryStaging:
    """Frames of a command or a page, which no other process needs."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Keep a frame."""
        self._kept[f"{name}.parquet"] = frame

    def read(self, name: str) -> pd.DataFrame:
        """Read a frame."""
        frame: pd.DataFrame = self._kept[f"{name}.parquet"]
        return frame

    def write_json(self, name: str, value: Any) -> None:
        """Keep a JSON value."""
        self._kept[f"{name}.json"] = value

    def read_json(self, name: str) -> Any:
        """Read a JSON value."""
        return self._kept[f"{name}.json"]

    def has(self, file: str) -> bool:
        """Tell whether a file was kept."""
        return file in self._kept

    def remove(self) -> None:
        """Forget everything."""
        self._kept.clear()


class FolderStaging:
    """Files of one run.

    Args:
        root: A folder or bucket.
        run: Name of the run's own folder.
    """

    def __init__(self, root: str, run: str) -> None:
        safe = "".join(char if char.isalnum() or char in "-_." else "_" for char in run)
        self._folder = ObjectStoragePath(root) / safe

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Store a frame, its index included."""
        buffer = BytesIO()
        frame.to_parquet(buffer)
        self._file(f"{name}.parquet").write_bytes(buffer.getvalue())

    def read(self, name: str) -> pd.DataFrame:
        """Read a frame."""
        return pd.read_parquet(BytesIO(self._stored(f"{name}.parquet")))

    def write_json(self, name: str, value: Any) -> None:
        """Store a JSON value."""
        self._file(f"{name}.json").write_text(json.dumps(value))

    def read_json(self, name: str) -> Any:
        """Read a JSON value."""
        return json.loads(self._stored(f"{name}.json"))

    def has(self, file: str) -> bool:
        """Tell whether a file was stored."""
        return (self._folder / file).exists()

    def remove(self) -> None:
        """Delete everything of this run; personal data does not stay behind."""
        if self._folder.exists():
            self._folder.rmdir(recursive=True)

    def _stored(self, name: str) -> bytes:
        try:
            return bytes((self._folder / name).read_bytes())
        except FileNotFoundError:
            raise FatalError(f"{name} of this run is not staged any more: start a new run.") from None

    def _file(self, name: str) -> ObjectStoragePath:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / name
