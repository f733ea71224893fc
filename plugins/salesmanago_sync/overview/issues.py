"""Issues as a person is shown them: by reason, one by one, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from salesmanago_sync.domain.merge.choices import in_words
from salesmanago_sync.domain.reasons import ISSUES, Reason
from salesmanago_sync.ledger.choices import CONFLICT
from salesmanago_sync.ledger.frames import rows_of
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.spreadsheet import csv_lines

TREND_DAYS = 14
STATES = ("open", "dismissed", "closed")
UNKNOWN = Reason("A reason of another version.", "Read its text.")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """The issues of one reason.

    Attributes:
        reason: Its code.
        meaning: What it means, in plain words.
        fix: What to do.
        open: How many are open now.
        dismissed: How many were dismissed.
        trend: How many were open at the end of each of the last days, the oldest first; the last is now.
        change: How many more are open now than a week ago.
    """

    reason: str
    meaning: str
    fix: str
    open: int
    dismissed: int
    trend: tuple[int, ...]
    change: int


@dataclass(frozen=True, slots=True)
class IssueRow:
    """One record or field that could not be synchronised.

    Attributes:
        id: Its number in the ledger.
        reason: Reason code.
        meaning: What it means, in plain words.
        fix: What to do.
        object: The object.
        salesforce_id: The record; empty where there is none.
        salesmanago_id: The contact; empty where there is none.
        field: The field; empty where the whole record is meant.
        direction: Where it was going; empty where that does not matter.
        text: What the service said, or what stands against it. It may hold personal data.
        values: The values of both sides, where they conflict.
        state: `open`, `dismissed` or `closed`.
        first_seen: When it was met first.
        last_seen: When it was met last.
        attempts: How often it was tried.
        next_attempt_at: When it is tried again; None means in the next run, or never.
        decided_by: Who dismissed it, had it tried again or decided the conflict, last.
        decision: What was decided about the conflict, and what became of it; empty where nothing was.
        fingerprint: A hash of what was tried: another one says something else.
    """

    id: int
    reason: str
    meaning: str
    fix: str
    object: str
    salesforce_id: str
    salesmanago_id: str
    field: str
    direction: str
    text: str
    values: dict[str, Any]
    state: str
    first_seen: datetime
    last_seen: datetime
    attempts: int
    next_attempt_at: datetime | None
    decided_by: str
    decision: str
    fingerprint: str

    @property
    def is_held(self) -> bool:
        """Whether a person can decide it: a conflict that nobody has solved."""
        # What somebody dismissed long ago keeps no values.
        return self.reason == CONFLICT and self.state != "closed" and "salesforce" in self.values


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues; an empty text means any.

    Attributes:
        state: `open`, `dismissed` or `closed`.
        reason: Reason code.
        object: The object.
        search: A part of an id, a field or the text.
    """

    state: str = "open"
    reason: str = ""
    object: str = ""
    search: str = ""


def count_reasons(ledger: Ledger, now: datetime) -> list[ReasonCount]:
    """Count open and dismissed issues by reason, the most frequent first."""
    moments = [now - timedelta(days=days) for days in reversed(range(TREND_DAYS))]
    found = [
        ReasonCount(
            reason=reason,
            meaning=ISSUES.get(reason, UNKNOWN).meaning,
            fix=ISSUES.get(reason, UNKNOWN).fix,
            open=trend[-1],
            dismissed=dismissed,
            trend=trend,
            change=trend[-1] - trend[-8],
        )
        for reason, dismissed, trend in ledger.issues.count_by_reason(moments)
        if trend[-1] or dismissed
    ]
    return sorted(found, key=lambda one: (-one.open, one.reason))


def read_issues(ledger: Ledger, which: IssueFilter, offset: int = 0, limit: int | None = 50) -> list[IssueRow]:
    """Read issues, those met last first."""
    frame = ledger.issues.find(which.state, which.reason, which.object, which.search, offset, limit)
    return [_issue(row) for row in rows_of(frame)]


def count_found(ledger: Ledger, which: IssueFilter) -> int:
    """Count the issues that a filter finds."""
    return ledger.issues.count_found(which.state, which.reason, which.object, which.search)


def _issue(row: dict[str, Any]) -> IssueRow:
    known = ISSUES.get(row["reason"], UNKNOWN)
    told = {**row, "meaning": known.meaning, "fix": known.fix, "values": _values(row["values"])}
    told["decision"] = in_words(row)
    return IssueRow(**{one.name: told[one.name] for one in fields(IssueRow)})


def _values(text: str | None) -> dict[str, Any]:
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {"values": found}


def to_csv(issues: Iterable[IssueRow]) -> Iterator[str]:
    """Write issues as the lines of a CSV file."""
    return csv_lines(IssueRow, issues)
