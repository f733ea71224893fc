"""Classify: of every person and every mapped field whether both sides are equal, why not, or that no reason holds.

It does not ask what the merge decided: a merge that wrongly sees nothing to do is what it is to find. Values are
compared as they are read, and each reason is looked up in something else than the base: issues, the history of the
binding, clocks, the mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from salesmanago_sync.domain.certificate.agreed import UNDONE, field_of, note_of
from salesmanago_sync.domain.certificate.reasons import EQUAL, PERSON, UNEXPLAINED
from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.stand_ins import FIELDS, StandIns
from salesmanago_sync.domain.merge.canonical import Column, columns
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO, same
from salesmanago_sync.domain.merge.pairs import SIDES, Pairs
from salesmanago_sync.domain.people.matching import ISSUE, PAIR, SKIP
from salesmanago_sync.domain.plan.plan import Plan

ROWS = ("object", "salesforce_id", "salesmanago_id", "field", "reason")
IDS = ["object", "salesforce_id", "salesmanago_id"]
BOUND = "binding"


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says apart from base values.

    Attributes:
        since: Up to when each side was synchronised, by its own clock.
        issues: Open and dismissed issues: `salesforce_id, salesmanago_id, field, reason, state`.
        differences: Agreed differences: `binding_id, event, note`, oldest first (`agreed`).
        due: Objects whose mapping is newer than their last full sync.
    """

    since: Mapping[str, datetime]
    issues: pd.DataFrame
    differences: pd.DataFrame
    due: frozenset[str] = frozenset()


def classify(planned: Plan, known: Known) -> Iterator[pd.DataFrame]:
    """Say of every person, and of every mapped field of those who are on both sides, what holds.

    Args:
        planned: The plan of the people, for who is who and what both sides hold.
        known: What the ledger says.

    Yields:
        A frame for the people, and one for each field of each object: `ROWS`, on the index `person`.
    """
    yield _people(planned.people, known)
    planned_fields = planned.changes.groupby("field")["person"].agg(set).to_dict()
    for decision in planned.decisions:
        pairs = decision.pairs
        both = pairs.paired | pairs.paused
        for column in columns(pairs.mapping):
            reasons = _Field(pairs, column, known, planned_fields.get(column.key, set())).reasons()
            yield _rows(pairs.people, column.key, reasons)[both]


def _rows(people: pd.DataFrame, field: str, reasons: pd.Series) -> pd.DataFrame:
    return people[IDS].assign(field=field, reason=reasons)[list(ROWS)]


def _first(index: pd.Index, rules: list[tuple[str, pd.Series]]) -> pd.Series:
    """Give the first reason that holds."""
    flags = [np.asarray(holds, dtype=bool) for _, holds in rules]
    return pd.Series(np.select(flags, [code for code, _ in rules], UNEXPLAINED), index=index, dtype=TEXT)


def _people(people: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Say of each person whether they are on both sides, and bound, or why not."""
    skipped, status = people["reason"].fillna(""), people["status"]
    about = known.issues[known.issues["field"].eq("")]
    newer = pd.Series(False, index=people.index)
    for side in SIDES:
        newer |= (people[f"{side}_seen"] > known.since[side]).fillna(False).astype(bool)
    reasons = _first(
        people.index,
        [
            (EQUAL, status.eq(PAIR) & people["matched_by"].eq(BOUND)),
            ("OPEN_ISSUE", status.eq(ISSUE) | _have(people, about[about["state"].eq("open")])),
            ("DISMISSED", _have(people, about[about["state"].eq("dismissed")])),
            ("NEWER", status.ne(SKIP) & newer),
            ("FULL_SYNC_DUE", status.ne(SKIP) & people["object"].isin(list(known.due))),
        ],
    )
    return _rows(people, PERSON, reasons.mask(status.eq(SKIP), skipped))


def _have(people: pd.DataFrame, issues: pd.DataFrame) -> pd.Series:
    """Tell who has one of some issues, by the record, or by the contact where there is no record."""
    alone = issues["salesforce_id"].eq("")
    return people["salesforce_id"].isin(issues.loc[~alone, "salesforce_id"]) | people["salesmanago_id"].isin(
        issues.loc[alone, "salesmanago_id"]
    )


@dataclass(slots=True)
class _Field:
    """One mapped field of the people of one object.

    Attributes:
        pairs: The people, and what both sides hold.
        column: The field.
        known: What the ledger says.
        planned: Whom a run would write it to.
    """

    pairs: Pairs
    column: Column
    known: Known
    planned: set[int]

    def reasons(self) -> pd.Series:
        """Give a reason for each person."""
        pairs, key = self.pairs, self.column.key
        index = pairs.people.index
        if key not in pairs.a or key not in pairs.m:
            return pd.Series("HIDDEN", index=index, dtype=TEXT)
        a, m = self._values()
        equal = pd.Series(self._alike(a, m), index=index)
        why = self._agreed(a, m, ~equal)
        consent = self.column.kind == "consent"
        return _first(
            index,
            [
                ("STAND_IN", equal & self._stands_in()),
                (EQUAL, equal),
                ("PAUSED", pairs.paused & (not consent)),
                ("UNREADABLE_VALUE", ~pairs.comparable(self.column)),
                ("HELD", self._has_issue("open", "CONFLICT")),
                ("OPEN_ISSUE", self._has_issue("open")),
                ("DISMISSED", self._has_issue("dismissed")),
                ("ONE_WAY", self._silent_source(a, m)),
                ("CUT", self._cut(a, m)),
                ("UNDONE", why.eq(UNDONE)),
                ("DEFAULT_OPT_OUT" if consent else "KEPT", why.ne("")),
                ("OWED", pairs.owes(key)),
                ("NEWER", self._newer(a, m)),
                ("KEPT", self._echo_is_awaited(a, m)),
                ("FULL_SYNC_DUE", ~pairs.stored(key)[2] & (pairs.mapping.object in self.known.due)),
            ],
        )

    def _values(self) -> tuple[pd.Series, pd.Series]:
        a, m = self.pairs.a[self.column.key], self.pairs.m[self.column.key]
        # A flag that was never set means false.
        return (a.fillna("false"), m.fillna("false")) if self.column.kind == "consent" else (a, m)

    def _alike(self, left: pd.Series, right: pd.Series) -> pd.Series:
        if self.column.kind == "value":
            spelled = converter(self.column.line)
            left, right = spelled.alike(left), spelled.alike(right)
        return pd.Series(same(left, right), index=left.index)

    def _stands_in(self) -> pd.Series:
        """Where Salesforce holds nothing but what stands in for a value."""
        words, line, records = StandIns.of([self.pairs.mapping]), self.column.line, self.pairs.records
        found = pd.Series(False, index=records.index)
        for name in FIELDS.intersection(line.salesforce).intersection(records):
            found |= records[name].notna() & words.blanked(line, name, records[name]).isna()
        return found

    def _has_issue(self, state: str, reason: str | None = None) -> pd.Series:
        """Where an issue is about the field, or about a whole record to which it was to be written."""
        people, issues = self.pairs.people, self.known.issues[self.known.issues["state"].eq(state)]
        if reason is not None:
            issues = issues[issues["reason"].eq(reason)]
        to_be_written = pd.Series(people.index.isin(list(self.planned)), index=people.index)
        whole = _have(people, issues[issues["field"].eq("")]) & to_be_written
        return _have(people, issues[issues["field"].eq(self.column.key)]) | whole

    def _silent_source(self, a: pd.Series, m: pd.Series) -> pd.Series:
        """Where a one-way field has no value on the side that it comes from, and need not be emptied on the other."""
        way = self.column.rule.direction
        if way not in (TO_SALESMANAGO, TO_SALESFORCE):
            return pd.Series(False, index=a.index)
        source = a if way == TO_SALESMANAGO else m
        if self.column.kind == "consent":
            return source.ne("true")
        emptied = self.pairs.stored(self.column.key)[2] & self.column.rule.propagate_blank
        return source.isna() & ~emptied

    def _cut(self, a: pd.Series, m: pd.Series) -> pd.Series:
        line = self.column.line
        limit = self.pairs.schema.limit(line.salesforce[0]) if len(line.salesforce) == 1 else None
        if not line.truncate or limit is None:
            return pd.Series(False, index=a.index)
        return pd.Series(same(m.str.slice(0, limit).str.rstrip(), a), index=a.index)

    def _agreed(self, a: pd.Series, m: pd.Series, differ: pd.Series) -> pd.Series:
        """Say how it came that both sides agreed on just these two values; empty where nothing says so."""
        found = pd.Series("", index=a.index, dtype=TEXT)
        events = self.known.differences
        mine = events[events["note"].map(field_of).eq(self.column.key)] if len(events) else events
        if mine.empty:
            return found
        newest = mine.drop_duplicates("binding_id", keep="last").set_index("binding_id")[["event", "note"]]
        bound = self.pairs.bindings["id"]
        for person in a.index[differ & bound.isin(newest.index)]:
            event, note = newest.loc[bound[person]]
            values = (None if pd.isna(side[person]) else str(side[person]) for side in (a, m))
            if note == note_of(self.column.key, *values):
                found[person] = event
        return found

    def _echo_is_awaited(self, a: pd.Series, m: pd.Series) -> pd.Series:
        """Where a side holds what it made of the sync's own last write, which no run has read back yet.

        The other side must still hold what was sent: else it is not the service that wrote who made them differ.
        """
        found = pd.Series(False, index=a.index)
        if self.column.kind == "value":
            sent_to = dict(zip(SIDES, self.pairs.stored(self.column.key)[:2], strict=True))
            for side, other in zip(SIDES, (m, a), strict=True):
                found |= self.pairs.awaits_echo(side, self.column.key) & self._alike(other, sent_to[side])
        return found

    def _newer(self, a: pd.Series, m: pd.Series) -> pd.Series:
        """Where a person touched a side that no longer holds what both agreed on, after the last synchronisation."""
        base_a, base_m, known = self.pairs.stored(self.column.key)
        found = pd.Series(False, index=a.index)
        for side, values, base in zip(SIDES, (a, m), (base_a, base_m), strict=True):
            touched = (self.pairs.clock_as_read(side) > self.known.since[side]).fillna(False).astype(bool)
            if self.column.kind == "consent":
                base = base.fillna("false")
            changed = ~known | ~self._alike(values, base)
            found |= touched & ~self.pairs.untouched[side] & changed
        return found
