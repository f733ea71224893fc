"""Listings: the records that one query finds, on their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from salesmanago_sync.clients.shapes import Row
from salesmanago_sync.clients.soql import Select


@dataclass(frozen=True, slots=True)
class Listing:
    """A query that has been answered once: its first page has come, and the others are asked for one by one.

    Attributes:
        operation: `query`, or `queryAll` for deleted records too.
        select: What was asked.
        total: How many records there are, where Salesforce says so.
        pages: All of them, the first page too; they can be read once.
    """

    operation: str
    select: Select
    total: int | None
    pages: Iterator[list[Row]]

    def __iter__(self) -> Iterator[list[Row]]:
        return self.pages
