"""Staged files of a run, written as the sync writes them, and a worker that is killed in the middle of it."""

from __future__ import annotations

import os
import shutil
import signal
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

from salesmanago_sync.hooks.staged_files import StagedFiles
from salesmanago_sync.hooks.whole_file import store_whole


class Passes(Protocol):
    """Writes a file, or dies before it, after it or halfway."""

    def __call__(self, write: Callable[[], None], halfway: Callable[[], None]) -> None: ...


class WatchedStaging(StagedFiles):
    """A folder of files, without Airflow's way to reach buckets.

    Args:
        folder: The run's own.
        passes: Each file is written through it.
        attempt: The number that the task works under.
    """

    def __init__(self, folder: Path, passes: Passes, attempt: int = 0) -> None:
        super().__init__(attempt)
        self._folder, self._passes = folder, passes

    def remove(self) -> None:
        """Delete everything of this run."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _attempts(self) -> Iterable[int]:
        return [int(folder.name) for folder in self._folder.iterdir()] if self._folder.exists() else []

    def _has(self, attempt: int, file: str) -> bool:
        return (self._folder / str(attempt) / file).exists()

    def _put(self, attempt: int, file: str, content: bytes) -> None:
        write = partial(store_whole, self._folder / str(attempt) / file, content)
        self._passes(write, partial(kill_halfway, write))

    def _get(self, attempt: int, file: str) -> bytes:
        return (self._folder / str(attempt) / file).read_bytes()


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
