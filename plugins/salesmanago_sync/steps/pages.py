"""Pages: what was read, stored as it comes, so that no task holds more of it than it needs.

Pages of one name are in the order of their reading: where a row comes twice, the later is the truer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.steps.frames import load_frame, save_frame
from salesmanago_sync.steps.ports import Staging

# So many rows are stored at a time: some ten megabytes.
ROWS = 20_000


@dataclass(slots=True)
class Pages:
    """Frames on their way to the plan.

    They are there for others once `close` was called, all of them: a task that is repeated begins anew.

    Attributes:
        staging: Where they are stored.
        name: Of all of them.
        declared: What they hold.
        rows: How many rows a page has, at least.
    """

    staging: Staging
    name: str
    declared: Declared
    rows: int = ROWS
    _waiting: list[pd.DataFrame] = field(default_factory=list)
    _count: int = 0

    def add(self, frame: pd.DataFrame) -> None:
        """Take in some rows."""
        if len(frame):
            self._waiting.append(frame)
        if sum(len(one) for one in self._waiting) >= self.rows:
            self._store()

    def close(self) -> None:
        """Store what is left, and tell how many pages there are."""
        if self._waiting:
            self._store()
        self.staging.write_json(_contents(self.name), self._count)

    def _store(self) -> None:
        self._count += 1
        page = pd.concat(self._waiting, ignore_index=True)
        save_frame(self.staging, _page(self.name, self._count), page, self.declared)
        self._waiting.clear()


def read_pages(
    staging: Staging, names: Iterable[str], declared: Declared, columns: Sequence[str] | None = None
) -> Iterator[pd.DataFrame]:
    """Read pages back, one after the other.

    Args:
        staging: Where they are stored.
        names: Of the pages, in the order of their reading; a name that nobody has written has none.
        declared: What they hold.
        columns: Only these, as far as a page has them; the index is left out then.
    """
    for name in names:
        if are_stored(staging, name):
            for number in range(1, staging.read_json(_contents(name)) + 1):
                yield load_frame(staging, _page(name, number), declared, columns)


def are_stored(staging: Staging, name: str) -> bool:
    """Tell whether pages of a name were stored to their end, be there none of them."""
    return staging.has(f"{_contents(name)}.json")


def _contents(name: str) -> str:
    return f"{name}.pages"


def _page(name: str, number: int) -> str:
    return f"{name}.{number:05}"
