"""Arrived: planned changes that a side holds already, though nobody has told the ledger.

A worker died, or an answer was lost, between a write and its outcome.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.merge.canonical import Column
from salesmanago_sync.domain.merge.merge import TO_SALESMANAGO, Flags, same
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.plan.changes import Decision


def arrived(decisions: Iterable[Decision], planned: pd.DataFrame, people: pd.Series) -> pd.Series:
    """Say which planned updates have arrived.

    What another run has written and remembered is in the base; such a row was not carried out by this run.

    Args:
        decisions: About the same people, as they are now.
        planned: Changes (`staged_frames.CHANGES`).
        people: Whom of the decisions each of these changes is about; missing where they know nobody.
    """
    found = pd.Series(False, index=planned.index)
    updates = planned[planned["action"].ne("create") & people.notna()]
    for pairs in (one.pairs for one in decisions):
        mine = updates[people[updates.index].isin(pairs.people.index[pairs.paired])]
        columns = {column.key: column for column in pairs.columns() if column.key in pairs.m}
        for (field, direction), rows in mine[mine["field"].isin(columns)].groupby(["field", "direction"]):
            theirs = pd.Index(people[rows.index].astype("int64"))
            found[rows.index] = _arrived(pairs, columns[str(field)], str(direction), rows["new"], theirs)
    return found


def _arrived(pairs: Pairs, column: Column, direction: str, new: pd.Series, people: pd.Index) -> Flags:
    side = 1 if direction == TO_SALESMANAGO else 0
    values, known = (pairs.a, pairs.m)[side][column.key], pairs.stored(column.key)[2]
    held, base = (one.reindex(people).set_axis(new.index) for one in (values, pairs.stored(column.key)[side]))
    if column.kind == "value":
        alike = converter(column.line).alike
        held, base, new = alike(held), alike(base), alike(new)
    remembered = known.reindex(people).to_numpy(dtype=bool) & same(base, held)
    return same(held, new) & ~remembered
