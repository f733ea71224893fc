"""Chosen: what people decided about held conflicts, put in the place of what the merge says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.canonical import Column, columns
from salesmanago_sync.domain.merge.choices import (
    FALLEN,
    MET,
    NOT_MAPPED,
    ONE_WAY,
    OUTCOMES,
    TO_BOTH,
    Carried,
    hold_against,
    outcomes,
)
from salesmanago_sync.domain.merge.merge import NOTHING, Flags, Sides
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.org.acceptance import cut_to_fit
from salesmanago_sync.domain.plan.findings import stack


def carry_out(
    pairs: Pairs, column: Column, sides: Sides, decisions: pd.DataFrame, idle: Flags
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let the choices of one field decide, where they stand.

    Args:
        pairs: The people of one object.
        column: The field.
        sides: Its values.
        decisions: What the merge says of everybody (`merge.merge`).
        idle: Where the field is not compared now: a choice waits.

    Returns:
        The decisions, with `decided`, where a choice decides, and `value`, what both sides are to hold then; and what
        has become of the choices (`choices.OUTCOMES`).
    """
    if pairs.choices.empty:  # as nearly always: nothing more is done for each field
        return decisions, OUTCOMES.empty()
    mine = pairs.choices[pairs.choices["field"].eq(column.key)]
    mine = mine[~pd.Series(idle, index=pairs.people.index).loc[mine.index].to_numpy(dtype=bool)]
    if mine.empty:
        return decisions, OUTCOMES.empty()
    if column.rule.direction != "both":
        return decisions, outcomes(mine, FALLEN, ONE_WAY)
    carried = hold_against(mine, sides, _alike(column), partial(cut_to_fit, column.line, pairs.schema))
    met, fallen = carried.stands & carried.result.eq(NOTHING), ~carried.stands
    told = [outcomes(mine[met], MET), outcomes(mine[fallen], FALLEN, carried.why[fallen])]
    return _decided(decisions, carried), stack(told, OUTCOMES)


def without_field(pairs: Pairs) -> pd.DataFrame:
    """Say which choices are about a field that the mapping no longer has (`choices.OUTCOMES`)."""
    known = {column.key for column in columns(pairs.mapping)}
    lost = pairs.choices[~pairs.choices["field"].isin(known)]
    return outcomes(lost, FALLEN, NOT_MAPPED) if len(lost) else OUTCOMES.empty()


def written(decisions: pd.DataFrame, way: str) -> Flags:
    """Say where a side is written."""
    result = decisions["result"].to_numpy()
    found: Flags = (result == way) | (result == TO_BOTH)
    return found


def values_of(decisions: pd.DataFrame, new: pd.Series) -> Iterator[pd.Series]:
    """Give what a side is written, and what the other side holds then.

    Args:
        decisions: What was decided, and by whom.
        new: The value of the other side.
    """
    if "decided" not in decisions:
        yield from (new, new)
        return
    yield new.mask(decisions["decided"], decisions["value"])
    yield new.mask(decisions["result"].eq(TO_BOTH), decisions["value"])


def _alike(column: Column) -> Callable[[pd.Series], pd.Series]:
    return converter(column.line).alike if column.kind == "value" else lambda values: values


def _decided(decisions: pd.DataFrame, carried: Carried) -> pd.DataFrame:
    places = decisions.index.get_indexer(carried.value.index[carried.stands])
    result, rule = decisions["result"].to_numpy(copy=True), decisions["rule"].to_numpy(copy=True)
    result[places], rule[places] = carried.result[carried.stands], carried.rule[carried.stands]
    decided = np.zeros(len(decisions), dtype=bool)
    decided[places] = True
    value = carried.value[carried.stands].reindex(decisions.index).astype(TEXT)
    return decisions.assign(
        result=pd.Series(result, index=decisions.index, dtype="object"),
        rule=pd.Series(rule, index=decisions.index, dtype="object"),
        decided=decided,
        value=value,
    )
