"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp


def store_whole(path: Path, content: bytes) -> None:
    """Write beside the place and move in: a full disk or a killed worker leaves no half file under the name.

    Args:
        path: The file; folders that are not there are made, private to the user.
        content: All of it.
    """
    _make_private(path.parent)
    # Made with 0600, as mkstemp does.
    descriptor, aside = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _make_private(folder: Path) -> None:
    for each in (*reversed(folder.parents), folder):
        # `parents=True` would make those above with the usual rights.
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)
