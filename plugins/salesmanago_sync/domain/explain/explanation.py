"""Explanation: the whole story of one person, as data. It holds personal data by purpose and never goes to a log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from salesmanago_sync.domain.criteria.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Binding:
    """The link that the ledger keeps.

    Attributes:
        status: active, paused, or how it ended.
        matched_by: How the two were found to be one person.
        owed: What a policy or an earlier opt-out asks for and is still to be written, and why.
        awaited: For each side the fields whose kept value has not been seen yet.
    """

    id: int
    object: str
    salesforce_id: str
    salesmanago_id: str
    status: str
    matched_by: str
    created_at: datetime
    created_by_run: int | None
    updated_at: datetime
    owed: dict[str, str]
    awaited: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a binding."""

    at: datetime
    event: str
    note: str
    salesforce_id: str
    salesmanago_id: str
    run_id: int | None


@dataclass(frozen=True, slots=True)
class FieldStory:
    """One field: what both sides hold, what they agreed on, and who wins.

    Attributes:
        field: The field key.
        salesforce_fields: The Salesforce fields behind it.
        salesforce: Canonical value; None is blank.
        salesmanago: Canonical value; None is blank.
        has_base: Whether both sides ever agreed.
        salesforce_base: What Salesforce held then.
        salesmanago_base: What SALESmanago held then.
        direction: Which way the mapping lets it travel.
        conflict: Who wins when both sides changed; `consent` for opt-outs.
        winner: Salesforce, SALESmanago, equal, unchanged or nobody.
        rule: Why.
        held_by: Reason code where the value is held back.
    """

    field: str
    salesforce_fields: tuple[str, ...]
    salesforce: str | None
    salesmanago: str | None
    has_base: bool
    salesforce_base: str | None
    salesmanago_base: str | None
    direction: str
    conflict: str
    winner: str
    rule: str
    held_by: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A field that a run would write."""

    direction: str
    action: str
    field: str
    old: str | None
    new: str | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class PastChange:
    """A field that a past run planned, and what came back.

    Attributes:
        state: planned, done, failed or dropped.
        reason: Reason code of a refusal.
    """

    at: datetime
    run_id: int
    mode: str
    dry_run: bool
    direction: str
    action: str
    field: str
    old: str | None
    new: str | None
    rule: str | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Issue:
    """What a person was told of.

    Attributes:
        reason: Reason code.
        meaning: The same in plain words.
        fix: What to do.
        state: open, closed or dismissed.
        decision: What a person decided about the conflict, and what becomes of it; empty where nothing was.
    """

    reason: str
    meaning: str
    fix: str
    field: str
    direction: str
    text: str
    state: str
    first_seen: datetime
    last_seen: datetime
    attempts: int
    next_attempt_at: datetime | None
    closed_at: datetime | None
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An opt-out: where it was seen, and when the other side was told."""

    channel: str
    side: str
    seen_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    note: str
    run_id: int | None


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody else with one of the same addresses."""

    object: str
    id: str
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One record, one contact, or both as one person.

    Attributes:
        status: What a run does with them: pair, create_in_salesmanago, create_in_salesforce, skip, issue.
        reason: Reason code of a skip or an issue.
        because: The status in plain words.
        outlook: What the next run would do, in plain words.
        binding: What the ledger keeps, if they are bound.
        events: What happened to the binding.
        issues: Open, closed and dismissed ones.
        consent: Opt-outs that were seen and sent.
        sent: What past runs planned, and what came back.
        same_address: Others with one of their addresses.
        criteria: The verdict of each side's criteria, where that side was read.
        not_read: Mapped fields that the integration user does not see; they never take part.
        fields: Every field that takes part.
        planned: What a run would write.
    """

    object: str | None
    salesforce_id: str | None
    salesmanago_id: str | None
    matched_by: str | None
    status: str
    reason: str | None
    because: tuple[str, ...]
    outlook: tuple[str, ...]
    binding: Binding | None
    events: tuple[Event, ...]
    issues: tuple[Issue, ...]
    consent: tuple[Evidence, ...]
    sent: tuple[PastChange, ...]
    same_address: tuple[Namesake, ...] = ()
    criteria: dict[str, Verdict] = field(default_factory=dict)
    fields: tuple[FieldStory, ...] = ()
    not_read: tuple[str, ...] = ()
    planned: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to a question about one person.

    Attributes:
        asked: The address or id that was asked for.
        at: When both sides were read.
        answer: One sentence.
        stories: One for each person that it names; an address may name several records.
    """

    asked: str
    at: datetime
    answer: str
    stories: tuple[Story, ...]


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Lay out an explanation as JSON values; moments are ISO 8601 in UTC."""
    spelled: dict[str, Any] = _spelled(asdict(explanation))
    return spelled


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, (list, tuple)) else value
