"""Changes: the decisions of one object, one row a field that will be written, with the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from salesmanago_sync.domain.converters.base import as_text
from salesmanago_sync.domain.declared import Declared, number, text
from salesmanago_sync.domain.frames import TEXT, among, are_full_ids, arrow_of, either, full_ids, unreadable
from salesmanago_sync.domain.merge.canonical import Column
from salesmanago_sync.domain.merge.choices import OUTCOMES
from salesmanago_sync.domain.merge.merge import (
    HOLD,
    NOTHING,
    TO_SALESFORCE,
    TO_SALESMANAGO,
    Flags,
    Sides,
    merge,
    merge_consent,
    same,
)
from salesmanago_sync.domain.merge.owed_writes import OwedWrite, owed_writes
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR
from salesmanago_sync.domain.plan.chosen import carry_out, values_of, without_field, written
from salesmanago_sync.domain.plan.findings import issues, stack
from salesmanago_sync.domain.staged_frames import CHANGES, FOUND_ISSUES

VERDICTS = Declared(
    "verdicts",
    writer="plan, compare",
    meaning="A person of whom more is known after the changes were looked through.",
    columns=(
        number("person", "the number of the person in its part"),
        text("status", "as in `staged_frames.PEOPLE`"),
        text("reason", "why"),
    ),
)
EXTERNAL_ID = "externalId"
CONSENT, FIELDS = "consent", "fields"
NO_BASE = "no base of what the contact holds, and the sync wrote the contact last: Salesforce wins"
# Where the base should be set, and the two values.
Agreed = tuple[pd.Series, pd.Series, pd.Series]
Places = np.ndarray[Any, np.dtype[np.intp]]
# Leads, Contacts and Accounts, by the first three characters of their ids.
PERSON_ID = r"(?:00Q|003|001)(?:[A-Za-z0-9]{12}|[A-Za-z0-9]{15})"

NOTHING_TO_STACK = pd.DataFrame()


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about the people of one object.

    Attributes:
        pairs: The people it is about.
        merged: For each field key what the merge said of each person (`merge.merge`), before any review.
        changes: `CHANGES`; `source` is the value of the side it comes from, `lane` is consent or fields.
        agreed: For each field key the rows on which both sides hold what the base should say, and the two values.
        issues: `staged_frames.FOUND_ISSUES`.
        verdicts: `person`, `status`, `reason` of people who will not be written after all.
        choices: What has become of decisions about held conflicts (`choices.OUTCOMES`).
    """

    pairs: Pairs
    merged: dict[str, pd.DataFrame]
    changes: pd.DataFrame
    agreed: dict[str, tuple[pd.Series, pd.Series, pd.Series]]
    issues: pd.DataFrame
    verdicts: pd.DataFrame
    choices: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Write:
    """One field that is written to one side, each series on the index of the people.

    Attributes:
        chosen: To whom.
        way: The direction.
        key: The field.
        old: What is held there.
        new: What is written.
        source: The value of the side it comes from.
        rule: Why.
        lane: consent, delete or fields.
    """

    chosen: Flags
    way: str
    key: str
    old: pd.Series
    new: pd.Series
    source: pd.Series
    rule: pd.Series
    lane: str = FIELDS


def decide(pairs: Pairs) -> Decision:
    """Merge every field of the people of one object.

    Args:
        pairs: The people, both sides' values and their base.
    """
    writes, found, agreed, merged, told = [], [], {}, {}, [without_field(pairs)]
    for column in pairs.columns():
        sides, idle = pairs.sides(column), _idle(pairs, column)
        decisions, outcome = carry_out(pairs, column, sides, _decisions(pairs, column, sides, idle), idle)
        merged[column.key] = decisions
        told.append(outcome)
        writes += [_written(column, sides, decisions, way) for way in (TO_SALESMANAGO, TO_SALESFORCE)]
        found += _findings(pairs, column, sides, decisions)
        agreed[column.key] = _agreed(pairs, column, sides, decisions)
    linked, agreed[EXTERNAL_ID] = _linked(pairs)
    return Decision(
        pairs=pairs,
        merged=merged,
        changes=_rows(pairs, [*writes, linked, *_paid(pairs)]),
        agreed=agreed,
        issues=stack(found, FOUND_ISSUES),
        verdicts=VERDICTS.empty(),
        choices=stack(told, OUTCOMES),
    )


def _idle(pairs: Pairs, column: Column) -> Flags:
    """Where a field is not compared."""
    # What is owed is written by itself, once. Fields of people who were deleted or merged away are not compared.
    idle: Flags = _settled(pairs, column) | ~pairs.comparable(column).to_numpy()
    if column.kind != CONSENT:
        # Consent ignores the criteria; everything else waits until the person meets them again.
        idle |= pairs.paused.to_numpy()
    return idle


def _settled(pairs: Pairs, column: Column) -> Flags:
    settled: Flags = (pairs.ended | pairs.away | pairs.owes(column.key)).to_numpy(dtype=bool)
    return settled


def _decisions(pairs: Pairs, column: Column, sides: Sides, idle: Flags) -> pd.DataFrame:
    if column.kind == CONSENT:
        decisions = merge_consent(sides, column.rule, pairs.mapping.opt_in == "salesmanago")
    else:
        decisions = merge(sides, column.rule)
        # Here the base is what the contact holds.
        unknown = pairs.without_base(column.key, sides.a, sides.m) & decisions["result"].eq(TO_SALESMANAGO)
        decisions["rule"] = decisions["rule"].mask(unknown, NO_BASE) if unknown.any() else decisions["rule"]
    if idle.any():
        decisions["result"] = decisions["result"].mask(idle, NOTHING)
    if "reverted" in decisions:
        decisions["reverted"] &= ~_settled(pairs, column)
    return decisions


def _written(column: Column, sides: Sides, decisions: pd.DataFrame, way: str) -> _Write:
    old, new = (sides.m, sides.a) if way == TO_SALESMANAGO else (sides.a, sides.m)
    if column.kind == CONSENT:
        # A flag that was never set reads as blank and means false.
        new = new.fillna("false")
    new, source = values_of(decisions, new)
    lane = CONSENT if column.kind == CONSENT else FIELDS
    return _Write(written(decisions, way), way, column.key, old, new, source, decisions["rule"], lane)


def _rows(pairs: Pairs, writes: Sequence[_Write]) -> pd.DataFrame:
    """Lay the writes of all fields under each other: a frame of its own for each costs more than few people are."""
    filled = [(write, np.flatnonzero(write.chosen)) for write in writes if write.chosen.any()]
    if not filled:
        return CHANGES.empty()
    people = pairs.people.take(np.concatenate([places for _, places in filled]))
    way, key, lane = (
        pd.Series(
            np.repeat([getattr(write, name) for write, _ in filled], [len(places) for _, places in filled]), dtype=TEXT
        )
        for name in ("way", "key", "lane")
    )
    values = {
        name: _values([(getattr(write, name), places) for write, places in filled])
        for name in ("old", "new", "source", "rule")
    }
    newcomers = way.map({TO_SALESMANAGO: CREATE_IN_SALESMANAGO, TO_SALESFORCE: CREATE_IN_SALESFORCE})
    creates = pd.Series(people["status"].to_numpy() == newcomers.to_numpy())
    rows = {
        "person": people.index,
        "object": people["object"].array,
        "direction": way,
        "action": pd.Series("update", index=way.index, dtype=TEXT).mask(creates, "create"),
        "salesforce_id": people["salesforce_id"].array,
        "salesmanago_id": people["salesmanago_id"].array,
        "field": key,
        **values,
        # A newcomer is created in one write, consent and all.
        "lane": lane.mask(creates, FIELDS),
    }
    return pd.DataFrame(rows)


def _values(parts: Sequence[tuple[pd.Series, Places]]) -> pd.Series:
    """Take the values at some places of each series, one series under the other."""
    return pd.Series(
        pa.chunked_array([arrow_of(values).take(pa.array(places)) for values, places in parts]), dtype=TEXT
    )


def _findings(pairs: Pairs, column: Column, sides: Sides, decisions: pd.DataFrame) -> list[pd.DataFrame]:
    held = pd.Series(decisions["result"].to_numpy() == HOLD, index=decisions.index)
    found = [_issues(pairs, held, column, "CONFLICT", sides)]
    if "reverted" in decisions and decisions["reverted"].any():
        found.append(
            _issues(pairs, decisions["reverted"], column, "OPT_IN_REVERTED", sides, _who_opted_in(pairs, sides))
        )
    return found


def _who_opted_in(pairs: Pairs, sides: Sides) -> pd.Series:
    """Say on which side a person opted in again, when the record was changed last, and by whom where that is known."""
    clocks = {side: pairs.clock_as_read(side) for side in ("salesforce", "salesmanago")}
    when = {side: clock.dt.strftime("%Y-%m-%d %H:%M:%S UTC").fillna("unknown") for side, clock in clocks.items()}
    by = pairs.records["LastModifiedById"].fillna("unknown") if "LastModifiedById" in pairs.records else "unknown"
    there = "opted in again in Salesforce; record last changed " + when["salesforce"] + " by user " + by
    here = "opted in again in SALESmanago; contact last changed " + when["salesmanago"]
    told: pd.Series = there.mask(sides.a.eq("true").fillna(False), here)
    return told


def _issues(
    pairs: Pairs, chosen: pd.Series, column: Column, reason: str, sides: Sides, text: pd.Series | str = ""
) -> pd.DataFrame:
    if not chosen.any():
        return NOTHING_TO_STACK
    people = pairs.people[chosen]
    both = zip(sides.a[chosen].fillna(""), sides.m[chosen].fillna(""), strict=True)
    values = [json.dumps({"salesforce": a, "salesmanago": m}) for a, m in both]
    told = text[chosen] if isinstance(text, pd.Series) else text
    shown = pd.Series(values, index=people.index, dtype=TEXT)
    return issues(people, reason, field=column.key, text=told, values=shown)


def _agreed(
    pairs: Pairs, column: Column, sides: Sides, decisions: pd.DataFrame
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Where the base should be set without a write: both sides are equal, or an echo shows what a service kept."""
    stored_a, stored_m, _ = pairs.stored(column.key)
    known = sides.known.to_numpy()
    equal = same(sides.a, sides.m) & (~known | ~same(stored_a, sides.a) | ~same(stored_m, sides.m))
    echoed = known & (~same(stored_a, sides.base_a) | ~same(stored_m, sides.base_m))
    comparable = pairs.comparable(column).to_numpy()
    still = equal & (decisions["result"].to_numpy() == NOTHING)
    there = pairs.paired.to_numpy(dtype=bool) & comparable & (still | echoed)
    base_a, base_m = either(equal, sides.a, sides.base_a), either(equal, sides.m, sides.base_m)
    return pd.Series(there, index=sides.a.index), base_a, base_m


def _linked(pairs: Pairs) -> tuple[_Write, Agreed]:
    """Write the Salesforce Id into a contact that names no other system's, so that a lost ledger can be rebuilt.

    An account may keep what it held before. That is known once the echo of our write is seen, and is not tried again.
    """
    held, own = as_text(pairs.contacts.get(EXTERNAL_ID, pairs.blank)), pairs.people["salesforce_id"]
    base_a, stored, known = pairs.stored(EXTERNAL_ID)
    base_m = pairs.with_echo(stored, "salesmanago", EXTERNAL_ID, known, held)
    kept = known & same(base_a, own) & same(base_m, held)
    blank = held.isna() & ~unreadable(pairs.contacts, [EXTERNAL_ID])
    wanting = pairs.is_(PAIR) & (blank | _is_stale(pairs, held)) & ~kept
    chosen = wanting | pairs.is_(CREATE_IN_SALESMANAGO)
    rule = pd.Series("link to Salesforce", index=own.index, dtype=TEXT)
    write = _Write(_flags(chosen), TO_SALESMANAGO, EXTERNAL_ID, held, own, own, rule)
    return write, (pairs.is_(PAIR) & ~same(base_m, stored), base_a, base_m)


def _is_stale(pairs: Pairs, held: pd.Series) -> pd.Series:
    """Where a contact names another record: one that was converted or merged.

    What only looks like a Salesforce Id is another system's: of 18 characters the last three must be the checksum of
    the others, and 15 characters say nothing unless a record is known by them.
    """
    full = full_ids(held)
    proven = are_full_ids(held)
    known = among(full, pairs.known_ids)
    shaped = held.str.fullmatch(PERSON_ID)
    stale: pd.Series = (shaped & (proven | known) & full.ne(pairs.people["salesforce_id"])).fillna(False)
    return stale.astype(bool)


def _paid(pairs: Pairs) -> list[_Write]:
    """Write what is owed: opt-outs and tags of policies, and removals."""
    yes = pd.Series("true", index=pairs.people.index, dtype=TEXT)
    return [
        _Write(_flags(one.chosen), one.direction, one.key, one.old, yes, _other(pairs, one), one.why, one.lane)
        for one in owed_writes(pairs)
    ]


def _flags(chosen: pd.Series) -> Flags:
    return chosen.to_numpy(dtype=bool)


def _other(pairs: Pairs, write: OwedWrite) -> pd.Series:
    """What the other side holds, so that the base says what was true."""
    if write.direction == TO_SALESMANAGO:
        return pairs.a.get(write.key, pairs.blank)
    return pairs.contacts.get(write.key, pairs.blank)
