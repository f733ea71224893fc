"""Plans as a person is shown them: what a run was going to write, field by field, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from salesmanago_sync.ledger.frames import rows_of
from salesmanago_sync.ledger.store import Ledger

# So many changes are held while a file of them is made.
AT_ONCE = 5_000
FILTERS = ("object", "direction", "field", "rule", "action", "state")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One field of one person.

    Attributes:
        object: The object.
        direction: Where it goes.
        action: `create` or `update`.
        salesforce_id: The record; empty where it is new.
        salesmanago_id: The contact; empty where it is new.
        field: The field.
        old: What the other side holds. Personal data.
        new: What is written. Personal data.
        rule: Which rule decided.
        state: `planned`, `done`, `failed`, `dropped`, or `moved` where it was approved and moved meanwhile.
        reason: Why it failed.
        delay_seconds: From the person's edit to the arrival.
    """

    object: str
    direction: str
    action: str
    salesforce_id: str
    salesmanago_id: str
    field: str
    old: str | None
    new: str | None
    rule: str | None
    state: str
    reason: str | None
    delay_seconds: int | None


@dataclass(frozen=True, slots=True)
class PlanPart:
    """A part of a plan.

    Attributes:
        total: How many changes the filters find.
        changes: Some of them.
        choices: The values that each filter may take in this run.
    """

    total: int
    changes: Sequence[ChangeRow]
    choices: Mapping[str, Sequence[str]]


def count_plan(ledger: Ledger, run_id: int, filters: Mapping[str, str]) -> int:
    """Count the changes of a run that filters find; arguments as for `read_plan`."""
    return ledger.changes.count(run_id, **{name: value for name, value in filters.items() if value})


def read_plan(
    ledger: Ledger, run_id: int, filters: Mapping[str, str], offset: int = 0, limit: int | None = 50
) -> PlanPart:
    """Read what a run planned.

    Args:
        ledger: The ledger.
        run_id: The run.
        filters: For any of `FILTERS` the value that the changes must have; an empty text means any.
        offset: How many to leave out.
        limit: How many at most.
    """
    wanted = {name: filters[name] for name in FILTERS if filters.get(name)}
    rows = rows_of(ledger.changes.read(run_id, limit, offset, **wanted))
    return PlanPart(
        total=ledger.changes.count(run_id, **wanted),
        changes=[_change(row) for row in rows],
        choices={name: ledger.changes.distinct(run_id, name) for name in FILTERS},
    )


def read_changes(ledger: Ledger, run_id: int, filters: Mapping[str, str]) -> Iterator[ChangeRow]:
    """Read every change of a run that filters find, some thousands at a time; arguments as for `read_plan`."""
    wanted = {name: filters[name] for name in FILTERS if filters.get(name)}
    offset = 0
    while rows := rows_of(ledger.changes.read(run_id, AT_ONCE, offset, **wanted)):
        yield from map(_change, rows)
        offset += AT_ONCE


def _change(row: dict[str, Any]) -> ChangeRow:
    return ChangeRow(**{one.name: row[one.name] for one in fields(ChangeRow)})
