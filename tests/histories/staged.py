"""Staged files of a run, written as the sync writes them, and a worker that is killed in the middle of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from salesmanago_sync.errors import FatalError
from salesmanago_sync.hooks.whole_file import store_whole
from salesmanago_sync.parquet import from_parquet, to_parquet


class Passes(Protocol):
    """Writes a file, or dies before it, after it or halfway."""

    def __call__(self, write: Callable[[], None], halfway: Callable[[], None]) -> None: ...


class WatchedStaging:
    """A folder of files, without Airflow's way to reach buckets.

    Args:
        folder: The run's own.
        passes: Each file is written through it.
    """

    def __init__(self, folder: Path, passes: Passes) -> None:
        self._folder, self._passes = folder, passes

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Store a frame, its index included."""
        self._store(f"{name}.parquet", to_parquet(frame))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a frame, or some columns of it."""
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
        """Delete everything of this run."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _store(self, name: str, content: bytes) -> None:
        write = partial(store_whole, self._folder, name, content)
        self._passes(write, partial(kill_halfway, write))

    def _stored(self, file: str) -> bytes:
        if not self.has(file):
            raise FatalError(f"{file} of this run is not staged any more: start a new run.")
        return (self._folder / file).read_bytes()


def kill_halfway(write: Callable[[], None]) -> None:
    """Write a file in a process that is killed when half of it is on the disk.

    Args:
        write: Writes a file, and waits for the disk once all of it is written.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, whose locks the child might need: it writes a file, and no more.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.fsync = _cut_and_die
        write()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the file was written without waiting for the disk"


def _cut_and_die(descriptor: int) -> None:
    os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)
