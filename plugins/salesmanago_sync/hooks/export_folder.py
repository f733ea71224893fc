"""The folder or bucket that exported files go to."""

from __future__ import annotations

from contextlib import AbstractContextManager

from airflow.sdk import ObjectStoragePath

from salesmanago_sync.hooks.whole_file import store_whole_at, usable


class ExportFolder:
    """Folders of files below one path.

    Args:
        root: A folder, or a URL that Airflow's object storage knows.
    """

    def __init__(self, root: str) -> None:
        self._root = ObjectStoragePath(root)

    def names(self, folder: str) -> list[str]:
        """Name the files of a folder; none where it is not there."""
        with self._usable("read"):
            place = self._root / folder
            return sorted(path.name for path in place.iterdir()) if place.exists() else []

    def keep(self, folder: str, name: str, content: bytes) -> None:
        """Store a file whole, in the place of one of its name."""
        with self._usable("written"):
            store_whole_at(self._root / folder / name, content)

    def remove(self, folder: str, name: str) -> None:
        """Delete a file, if it is there."""
        with self._usable("written"):
            (self._root / folder / name).unlink(missing_ok=True)

    def _usable(self, how: str) -> AbstractContextManager[None]:
        then = "Mend that, or name another place in SALESMANAGO_SYNC_EXPORT, then export again."
        return usable(f"The place of the export, {self._root},", how, then)
