"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from salesmanago_sync.errors import FatalError

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

PRIVATE = 0o600


@contextmanager
def usable(place: str, how: str, then: str) -> Iterator[None]:
    """Say in words that a place cannot be used.

    Args:
        place: What it is, and where.
        how: `read`, `written` or the like.
        then: What to do about it.

    Raises:
        FatalError: It cannot.
    """
    try:
        yield
    except OSError as error:
        raise FatalError(f"{place} cannot be {how}: {error.strerror or type(error).__name__}. {then}") from None


def store_whole(path: Path, content: bytes) -> None:
    """Write beside the place and move in: a full disk or a killed worker leaves no half file under the name.

    Args:
        path: The file; folders that are not there are made, private to the user.
        content: All of it.
    """
    _make_private(path.parent)
    move_in(path, content)


def move_in(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write beside a place whose folder is there, and move in.

    Args:
        path: The file.
        content: All of it.
        mode: Who may read and write it.
    """
    descriptor, aside = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(mode)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def store_whole_at(path: ObjectStoragePath, content: bytes) -> None:
    """Do the same in a folder, or in a bucket, where a file appears when all of it is there.

    Args:
        path: The file.
        content: All of it.
    """
    if path.protocol in ("file", ""):  # the latter where no scheme is named
        store_whole(Path(path.path), content)
    else:
        path.write_bytes(content)


def _make_private(folder: Path) -> None:
    for each in (*reversed(folder.parents), folder):
        # `parents=True` would make those above with the usual rights.
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)
