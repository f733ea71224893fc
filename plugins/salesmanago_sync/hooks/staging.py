"""Staging: frames between the tasks of one run, as Parquet below one path that every worker can reach."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from airflow.sdk import ObjectStoragePath

from salesmanago_sync.errors import FatalError
from salesmanago_sync.hooks.whole_file import store_whole
from salesmanago_sync.parquet import from_parquet, to_parquet


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

    def has(self, file: str) -> bool:
        """Tell whether a file was kept."""
        return file in self._kept

    def remove(self) -> None:
        """Forget everything."""
        self._kept.clear()


class FolderStaging:
    """Files of one run, each of them whole or not there, and private to the user.

    Args:
        root: A folder or bucket.
        run: Name of the run's own folder.
    """

    def __init__(self, root: str, run: str) -> None:
        safe = "".join(char if char.isalnum() or char in "-_." else "_" for char in run)
        self._folder = ObjectStoragePath(root) / safe

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Store a frame, its index included."""
        self._store(f"{name}.parquet", to_parquet(frame))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a frame, or some columns of it, as far as it has them."""
        return from_parquet(self._stored(f"{name}.parquet"), columns)

    def write_json(self, name: str, value: Any) -> None:
        """Store a JSON value."""
        self._store(f"{name}.json", json.dumps(value).encode())

    def read_json(self, name: str) -> Any:
        """Read a JSON value."""
        return json.loads(self._stored(f"{name}.json"))

    def has(self, file: str) -> bool:
        """Tell whether a file was stored."""
        return (self._folder / file).exists()

    def remove(self) -> None:
        """Delete everything of this run; personal data does not stay behind."""
        with self._writing():
            if self._folder.exists():
                self._folder.rmdir(recursive=True)

    def _store(self, name: str, content: bytes) -> None:
        with self._writing():
            if self._folder.protocol == "file":
                store_whole(Path(self._folder.path), name, content)
            else:
                # A bucket shows an object only once all of it is there.
                (self._folder / name).write_bytes(content)

    def _stored(self, name: str) -> bytes:
        try:
            return bytes((self._folder / name).read_bytes())
        except FileNotFoundError:
            raise FatalError(
                f"{name} of this run is not staged: an earlier task must make it, or it belongs to an attempt that has "
                "ended. Clear the whole run, or start a new one."
            ) from None
        except OSError as error:
            raise self._unusable("read", error) from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unusable("written", error) from None

    def _unusable(self, verb: str, error: OSError) -> FatalError:
        why = error.strerror or type(error).__name__
        return FatalError(
            f"The staging folder {self._folder} cannot be {verb}: {why}. Mend that (free space, permissions, or "
            "another place in SALESMANAGO_SYNC_STAGING), then clear the whole run, "
            "or start a new run."
        )


def clear(root: str) -> None:
    """Delete what all runs have left; a run that has ended needs it for a second try only."""
    place = ObjectStoragePath(root)
    for folder in list(place.iterdir()) if place.exists() else ():
        if folder.is_dir():
            folder.rmdir(recursive=True)
