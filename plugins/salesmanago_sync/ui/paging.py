"""Long lists, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

SIZE = 50


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is shown.

    Attributes:
        page: Its number, from 1.
        total: How many entries there are.
    """

    page: int
    total: int

    @classmethod
    def within(cls, page: int, total: int) -> Paging:
        """Take the last page for one that lies beyond it."""
        return cls(min(page, cls(1, total).pages), total)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // SIZE))

    @property
    def offset(self) -> int:
        """How many entries come before."""
        return (self.page - 1) * SIZE

    @property
    def before(self) -> int | None:
        """The page before, if there is one."""
        return self.page - 1 if self.page > 1 else None

    @property
    def after(self) -> int | None:
        """The page after, if there is one."""
        return self.page + 1 if self.page < self.pages else None
