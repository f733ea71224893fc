"""Limits: how much a plan may do before a person is asked, and how much it would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesmanago_sync.domain.merge.canonical import TAG
from salesmanago_sync.domain.merge.owed import DELETE, OPT_OUTS, POLICIES
from salesmanago_sync.domain.plan.addresses import MOVES
from salesmanago_sync.domain.plan.changes import FIELDS
from salesmanago_sync.domain.staged_frames import MEASURES

# Of few people any number is a large part: a percentage asks about no fewer than this.
FEW = 100
EXAMPLES = 3
# Not limited, for the totals alone.
UPDATES = "updates"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of one thing a run does without asking, for each object and direction.

    Attributes:
        name: Of the setting, without its prefix.
        measure: What is counted (`measures`).
        words: What is counted, after a number.
        percent: Whether the limit is a part of the people of the object who are bound.
    """

    name: str
    measure: str
    words: str
    percent: bool = False


LIMITS = (
    Limit("limit_creates", "creates", "people are created"),
    Limit("limit_without_partner_percent", "creates", "people match nobody and are created", percent=True),
    Limit("limit_overwrites_percent", "overwrites", "values are overwritten", percent=True),
    Limit("limit_blanks", "blanks", "values are emptied"),
    Limit("limit_policy_opt_outs", "policy_opt_outs", "people are opted out by on_leave or on_delete"),
    Limit("limit_policy_tags", "policy_tags", "people are tagged by on_leave, on_delete or on_merge"),
    Limit("limit_deletes", "deletes", "people are deleted by on_delete or on_merge"),
)


@dataclass(frozen=True, slots=True)
class Passed:
    """A limit that a plan goes beyond.

    Attributes:
        limit: The limit.
        allowed: Its value.
        object: The object.
        direction: Which side is written.
        field: The field, where each has a limit of its own; else empty.
        count: How many there are.
        bound: How many people of the object are bound, where that matters.
        examples: Ids of a few records or contacts.
    """

    limit: Limit
    allowed: int
    object: str
    direction: str
    field: str
    count: int
    bound: int
    examples: tuple[str, ...]


def measures(changes: pd.DataFrame) -> pd.DataFrame:
    """Count what a plan does.

    Args:
        changes: The changes of a plan (`staged_frames.CHANGES`).

    Returns:
        `MEASURES`: one row an object and direction, of `overwrites` one a field.
    """
    found = [row for name, rows in _measured(changes) for row in _counts(name, rows)]
    return MEASURES.frame(found)


def _measured(changes: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    created = changes["action"].eq("create")
    # What is written beside a new address goes in a lane of its own.
    fields = ~created & (changes["lane"].eq(FIELDS) | changes["lane"].str.startswith(MOVES).fillna(False).astype(bool))
    held, given = _filled(changes["old"]), _filled(changes["new"])
    policy = changes["rule"].isin(POLICIES)
    yield "creates", changes[created]
    yield UPDATES, changes[~created & changes["lane"].ne(DELETE)]
    yield "overwrites", changes[fields & held & given]
    yield "blanks", changes[fields & held & ~given]
    yield "policy_opt_outs", changes[changes["field"].isin(OPT_OUTS) & policy]
    yield "policy_tags", changes[changes["field"].str.startswith(TAG) & policy]
    yield "deletes", changes[changes["lane"].eq(DELETE)]


def _filled(values: pd.Series) -> pd.Series:
    return values.notna() & values.ne("").fillna(False).astype(bool)


def _counts(measure: str, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    by = ["object", "direction", *(["field"] if measure == "overwrites" else [])]
    # A value is emptied field by field; everything else is counted by people.
    what = rows if measure == "blanks" else rows.drop_duplicates([*by, "person"])
    for key, mine in what.groupby(by, sort=True) if len(rows) else ():
        ids = mine["salesforce_id"].fillna(mine["salesmanago_id"]).drop_duplicates().head(EXAMPLES)
        named = dict(zip(by, key, strict=True))
        yield {"field": "", **named, "measure": measure, "count": len(mine), "examples": " ".join(ids)}


def added(found: pd.DataFrame) -> pd.DataFrame:
    """Add up the measures of all parts; the examples are those of the first that has any."""
    by = ["measure", "object", "direction", "field"]
    return found.groupby(by, sort=True, as_index=False).agg(count=("count", "sum"), examples=("examples", "first"))


def passed(found: pd.DataFrame, allowed: Mapping[str, int], bound: Mapping[str, int]) -> list[Passed]:
    """Find the limits that a plan goes beyond.

    Args:
        found: The measures of the whole plan (`added`).
        allowed: The value of each limit, by its name.
        bound: How many people of each object are bound.
    """
    rows = found.to_dict("records")
    return [
        Passed(
            limit,
            allowed[limit.name],
            row["object"],
            row["direction"],
            row["field"],
            row["count"],
            bound.get(row["object"], 0),
            tuple(row["examples"].split()),
        )
        for limit in LIMITS
        for row in rows
        if row["measure"] == limit.measure
        and _is_beyond(limit, allowed[limit.name], row["count"], bound.get(row["object"], 0))
    ]


def may_pass_percent(found: pd.DataFrame) -> bool:
    """Tell whether there is enough of anything to be held against a percentage."""
    measured = [limit.measure for limit in LIMITS if limit.percent]
    return bool((found["measure"].isin(measured) & found["count"].gt(FEW)).any())


def _is_beyond(limit: Limit, allowed: int, count: int, bound: int) -> bool:
    return count > max(FEW, bound * allowed / 100) if limit.percent else count > allowed
