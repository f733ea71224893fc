"""A mapping file replaced whole, and by nobody who has not seen what it holds."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.whole_file import move_in

# For a file that was not there; the server's umask takes rights away.
MODE = 0o644


def replace_file(path: Path, content: bytes, opened: str) -> None:
    """Replace a file, unless it changed since it was opened.

    Args:
        path: The file; a link is followed, and stays one.
        content: All of it.
        opened: SHA-256 of what it held when it was opened; anything else where it was not there.

    Raises:
        ConfigurationError: It changed, or cannot be written; then it is as it was.
    """
    try:
        target = path.resolve()
        with _alone(target.parent):
            _check_unchanged(target, opened)
            # Neither the name of what is written aside nor a half file is ever taken for a mapping.
            move_in(target, content, target.stat().st_mode & 0o777 if target.exists() else MODE & ~_umask())
    except OSError as error:
        what = f"cannot be written: {error.strerror}."
        fix = "Take the file, and deploy it as you deploy DAGs; or give Airflow's API server the right to write it."
        raise ConfigurationError([Fault(path.name, what, fix)]) from None


def _check_unchanged(path: Path, opened: str) -> None:
    held = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
    if held != opened and not (held is None and len(opened) != hashlib.sha256().digest_size * 2):
        what = "changed since you opened it. Nothing was saved."
        raise ConfigurationError([Fault(path.name, what, "Take your file, open the new one, and bring both together.")])


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one at a time in: of two who press at once, the second sees what the first has made."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
