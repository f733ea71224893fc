"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp


def store_whole(folder: Path, name: str, content: bytes) -> None:
    """Write beside the place and move in: a full disk or a killed worker leaves no half file under the name.

    Args:
        folder: Where the file is kept; made, private to the user, where it is not there.
        name: Its name.
        content: All of it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made with 0600, as mkstemp does.
    descriptor, aside = mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(folder / name)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
