"""SOQL texts of the reads: selection, keyset paging, IN lists that fit in an address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from simple_salesforce.format import quote_soql_value

from salesmanago_sync.errors import FatalError

# Salesforce allows about 16,384 bytes for address and headers together.
LONGEST_QUERY = 12_000


@dataclass(frozen=True, slots=True)
class Select:
    """A query whose rows come in a total order, so that it can go on after any row.

    Attributes:
        sobject: Object to read.
        fields: Fields to select; the order's fields are added.
        where: Condition without the word WHERE, or nothing.
        order: Fields of the order; the last one is unique.
    """

    sobject: str
    fields: tuple[str, ...]
    where: str = ""
    order: tuple[str, ...] = ("Id",)

    @property
    def columns(self) -> list[str]:
        """The selected fields, each of them once."""
        return list(dict.fromkeys([*self.fields, *self.order]))

    def text(self) -> str:
        """Write the query."""
        return f"{self.unordered()} ORDER BY {', '.join(self.order)}"

    def unordered(self) -> str:
        """Write the query for whoever does not mind the order."""
        where = f" WHERE {self.where}" if self.where else ""
        # Names come from describe, criteria escape their own literals.
        return f"SELECT {', '.join(self.columns)} FROM {self.sobject}{where}"  # noqa: S608

    def after(self, row: Mapping[str, Any]) -> Select:
        """Select the rows that come after a row."""
        return replace(self, where=both(self.where, _beyond(self.order, row)))


def _beyond(order: tuple[str, ...], row: Mapping[str, Any]) -> str:
    field, rest = order[0], order[1:]
    value = _literal(field, str(row[field]))
    if not rest:
        return f"{field} > {value}"
    return f"({field} > {value} OR ({field} = {value} AND {_beyond(rest, row)}))"


def _literal(field: str, value: str) -> str:
    return value.replace("+0000", "Z") if field == "SystemModstamp" else quoted(value)


def both(*conditions: str) -> str:
    """Join conditions with AND, leaving out empty ones."""
    return " AND ".join(f"({condition})" for condition in conditions if condition)


def quoted(value: str) -> str:
    """Write a text literal."""
    return str(quote_soql_value(value))


def instant(moment: datetime) -> str:
    """Write a dateTime literal, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def within(sobject: str, fields: Sequence[str], field: str, values: Iterable[str], where: str = "") -> Iterator[Select]:
    """Select the rows that hold one of many values, in as many queries as fit in an address.

    Args:
        sobject: Object to read.
        fields: Fields to select.
        field: Field that holds a value.
        values: Values; repeated ones are asked for once.
        where: A further condition.

    Yields:
        Queries; none when there is no value.
    """
    empty = Select(sobject, tuple(fields), both(f"{field} IN ()", where))
    for some in _fitting(dict.fromkeys(values), room(empty.text())):
        yield Select(sobject, tuple(fields), both(f"{field} IN ({','.join(some)})", where))


def room(query: str) -> int:
    """Count the characters left in the address of a query.

    Raises:
        FatalError: There are none.
    """
    left = LONGEST_QUERY - len(quote(query, safe=""))
    if left < 0:
        raise FatalError("A query is too long for Salesforce. Map fewer fields, or shorten the criteria.")
    return left


def _fitting(values: Iterable[str], space: int) -> Iterator[list[str]]:
    some: list[str] = []
    used = 0
    for value in values:
        literal = quoted(value)
        width = len(quote(f"{literal},", safe=""))
        if some and used + width > space:
            yield some
            some, used = [], 0
        some.append(literal)
        used += width
    if some:
        yield some
