"""A diagnosis as a person is shown it, on the command line and on the page, and what the last one on the page found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.checks import FAULT, OK, WARNING, Check
from salesmanago_sync.steps.ports import Variables

LAST_CHECK = "salesmanago_last_check"


def rows_of(check: Check, pair: Pair) -> Iterator[dict[str, str]]:
    """Lay out a check: one row for each fault and warning, or one that says that all is well.

    Args:
        check: The check.
        pair: Whose names stand in it.
    """
    for row in _rows(check):
        yield {name: pair.spelled(text) for name, text in row.items()}


def _rows(check: Check) -> Iterator[dict[str, str]]:
    if check.result == OK:
        yield {"check": check.name, "result": OK, "finding": check.told, "fix": ""}
    for result, found in ((FAULT, check.faults), (WARNING, check.warnings)):
        for one in found:
            yield {"check": check.name, "result": result, "finding": f"{one.where}: {one.what}", "fix": one.fix}


@dataclass(frozen=True, slots=True)
class LastCheck:
    """What the last diagnosis on the page found; names only, since whoever may see Variables reads it.

    Attributes:
        at: When it was made.
        faults: Names of the checks that found a fault.
        mappings: The digests of the mappings that it looked at, by object.
    """

    at: AwareDatetime
    faults: tuple[str, ...]
    mappings: Mapping[str, str]

    def spelled(self) -> dict[str, Any]:
        """Spell it as JSON."""
        return dict(_CHECK.dump_python(self, mode="json"))


_CHECK = TypeAdapter(LastCheck)


def read_last_check(variables: Variables) -> LastCheck | None:
    """Read the last diagnosis; None where there was none, or nobody can read what is kept of it."""
    try:
        return _CHECK.validate_python(variables.get(LAST_CHECK))
    except (ValueError, ValidationError):
        return None
