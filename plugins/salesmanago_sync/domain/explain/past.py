"""The past of one person: what both sides held at a moment, as far as the ledger knows, and what changed it.

Known are the moments at which a run wrote or read a field, and what both sides agreed on last. Between two of them a
person may have changed a value: then both values are told, and between which moments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd

from salesmanago_sync.domain.explain.wording import SIDE_NAMES
from salesmanago_sync.errors import ConfigurationError, Fault

BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Then:
    """What one side held.

    Attributes:
        known: Whether the ledger knows anything of it.
        value: Canonical value; None is blank.
        or_already: What it held later, where a person changed it at a moment that is not known.
        because: How the ledger knows, in words.
    """

    known: bool
    value: str | None
    or_already: str | None
    because: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one side held when both last agreed.

    Attributes:
        value: Canonical value.
        at: When that was at the latest: before, it may have held something else.
    """

    value: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class FieldThen:
    """One field of one person at a moment.

    Attributes:
        field: The field key.
        salesforce: What Salesforce held.
        salesmanago: What SALESmanago held.
        changed: What had changed it last, in words; empty where no run had.
    """

    field: str
    salesforce: Then
    salesmanago: Then
    changed: str


@dataclass(frozen=True, slots=True)
class PersonThen:
    """One person at a moment.

    Attributes:
        object: The object.
        salesforce_id: The record.
        salesmanago_id: The contact.
        history: What had happened to the binding, in words, oldest first.
        consent: Opt-outs that had been seen, in words.
        fields: Every field of which anything is known.
    """

    object: str
    salesforce_id: str
    salesmanago_id: str
    history: tuple[str, ...]
    consent: tuple[str, ...]
    fields: tuple[FieldThen, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The answer to a question about a moment.

    Attributes:
        asked: The id that was asked for.
        at: The moment.
        since: From when on the ledger has runs; nothing where it has none.
        people: Those who bear, or bore, the id.
    """

    asked: str
    at: datetime
    since: datetime | None
    people: tuple[PersonThen, ...]


def read_moment(text: str) -> datetime:
    """Read a day, which means its end in UTC, or a moment with its time zone.

    Raises:
        ConfigurationError: It is neither.
    """
    found: datetime | None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC) - timedelta(seconds=1)
    except (ValueError, OverflowError):
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        fix = "Write a day, as 2026-11-03, or a moment with its time zone, as 2026-11-03T12:00:00Z."
        raise ConfigurationError([Fault("--at", f"{text!r} is neither a day nor a moment.", fix)])
    return found


def person_then(
    binding: Mapping[str, Any], changes: pd.DataFrame, events: pd.DataFrame, consent: pd.DataFrame, at: datetime
) -> PersonThen:
    """Say what the ledger knows of a person at a moment.

    Args:
        binding: Their row of the ledger.
        changes: What runs wrote of them (`ledger.history.changes_of`), oldest first.
        events: What happened to the binding, oldest first.
        consent: Evidence of their opt-outs.
        at: The moment.
    """
    base: dict[str, list[str | None]] = json.loads(str(binding["base"]))
    done = [{str(name): value for name, value in row.items()} for row in changes.to_dict("records")]
    done = [row for row in done if row["state"] == "done" and not row["dry_run"]]
    fields = sorted({*base, *(row["field"] for row in done)} - {"delete"})
    return PersonThen(
        object=str(binding["object"]),
        salesforce_id=str(binding["salesforce_id"]),
        salesmanago_id=str(binding["salesmanago_id"]),
        history=tuple(_events(events, at)),
        consent=tuple(_opt_outs(consent, at)),
        fields=tuple(
            _field(
                field,
                [row for row in done if row["field"] == field],
                base.get(field),
                at,
                agreed_at=binding["updated_at"],
            )
            for field in fields
        ),
    )


def _events(events: pd.DataFrame, at: datetime) -> Iterator[str]:
    for row in events[events["at"] <= at].to_dict("records"):
        note = f" ({row['note']})" if row["note"] else ""
        yield f"{_moment(row['at'])} {row['event']}{note}: {row['salesforce_id']} ↔ {row['salesmanago_id']}"


def _opt_outs(consent: pd.DataFrame, at: datetime) -> Iterator[str]:
    for row in consent[consent["seen_at"] <= at].to_dict("records"):
        sent = row["sent_at"]
        told = f", sent to the other side {_moment(sent)}" if pd.notna(sent) and sent <= at else ""
        side = SIDE_NAMES.get(row["side"], row["side"])
        yield f"{row['channel']}: opt-out seen in {side} {_moment(row['seen_at'])}{told}"


def _field(
    field: str, done: Sequence[dict[str, Any]], base: list[str | None] | None, at: datetime, *, agreed_at: datetime
) -> FieldThen:
    agreed = None if base is None else tuple(Agreed(value, agreed_at) for value in base)
    sides = [
        _then(side, [row for row in done if _tells(row, side)], None if agreed is None else agreed[number], at)
        for number, side in enumerate(SIDE_NAMES)
    ]
    last = next((row for row in reversed(done) if row["at"] <= at), None)
    changed = "" if last is None else f"{_run(last)} wrote it to {_target_name(last)}: {last['rule'] or 'no rule'}"
    return FieldThen(field, sides[0], sides[1], changed)


def _tells(row: Mapping[str, Any], side: str) -> bool:
    """Tell whether a write says what a side held: an undo writes what the other side need not hold."""
    return row["mode"] != "undo" or _is_target(row, side)


def _then(side: str, done: Sequence[dict[str, Any]], agreed: Agreed | None, at: datetime) -> Then:
    """Put together what the write before the moment and the one after it, or the present agreement, say."""
    last = next((row for row in reversed(done) if row["at"] <= at), None)
    following = next((row for row in done if row["at"] > at), None)
    if last is None and following is None:
        return _agreed(agreed, at)
    later = _seen_by(following, side) if following is not None else agreed.value if agreed is not None else None
    if last is None:
        return _before(following or {}, side, later)
    written = _text(last["new"])
    how = f"{_run(last)} {'wrote it' if _is_target(last, side) else 'read it here'}"
    if later == written or (following is None and agreed is None):
        return Then(True, written, None, how)
    if following is not None:
        between = f"{how}; {_run(following)} found another value: a person changed it between them"
        return Then(True, written, _shown(later), between)
    if agreed is not None and at < agreed.at:
        return Then(True, written, _shown(later), f"{how}; something else was agreed on by {_moment(agreed.at)}")
    return Then(True, later, None, f"{how}, and this is what was agreed on after it")


def _agreed(agreed: Agreed | None, at: datetime) -> Then:
    if agreed is None:
        return Then(False, None, None, "not known")
    if at < agreed.at:
        words = f"not known: no run has written it. Both sides agreed on {_shown(agreed.value)} by {_moment(agreed.at)}"
        return Then(False, None, None, words)
    return Then(True, agreed.value, None, "both sides agreed on it, and no run of the ledger has written it since")


def _before(following: dict[str, Any], side: str, later: str | None) -> Then:
    if _is_target(following, side) and following["action"] == "create":
        return Then(True, None, None, f"it was not there yet: {_run(following)} created it")
    if _is_target(following, side):
        return Then(True, later, None, f"{_run(following)} found it before it wrote; since when it was so is not known")
    return Then(False, None, None, f"not known: {_run(following)} was the first to read it")


def _seen_by(row: Mapping[str, Any], side: str) -> str | None:
    return _text(row["old"] if _is_target(row, side) else row["new"])


def _is_target(row: Mapping[str, Any], side: str) -> bool:
    return str(row["direction"]) == f"to_{side}"


def _target_name(row: Mapping[str, Any]) -> str:
    return SIDE_NAMES[str(row["direction"]).removeprefix("to_")]


def _run(row: Mapping[str, Any]) -> str:
    return f"run {row['run_id']} ({row['mode']}, {_moment(row['at'])})"


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _shown(value: str | None) -> str:
    return BLANK if value is None else value


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def as_json(past: Past) -> dict[str, Any]:
    """Lay out a past as JSON values; moments are ISO 8601 in UTC."""
    since = None if past.since is None else past.since.astimezone(UTC).isoformat()
    return asdict(past) | {"at": past.at.astimezone(UTC).isoformat(), "since": since}


def as_text(past: Past) -> str:
    """Lay out a past for a person who reads it on a screen."""
    known = "has no runs" if past.since is None else f"knows what runs wrote since {_moment(past.since)}"
    lines = [f"{past.asked} at {_moment(past.at)}. The ledger {known}."]
    for one in past.people:
        lines += ["", f"{one.object} {one.salesforce_id} ↔ SALESmanago contact {one.salesmanago_id}"]
        lines += [f"  {line}" for line in (*one.history, *one.consent)]
        for field in one.fields:
            lines.append(f"  {field.field}")
            for name, side in (
                (SIDE_NAMES["salesforce"], field.salesforce),
                (SIDE_NAMES["salesmanago"], field.salesmanago),
            ):
                lines.append(f"    {name}: {_held(side)} ({side.because})")
            if field.changed:
                lines.append(f"    last changed: {field.changed}")
    return "\n".join(lines if past.people else [*lines, "The ledger knows nobody of that id."])


def _held(side: Then) -> str:
    if not side.known:
        return "not known"
    value = _shown(side.value)
    return value if side.or_already is None else f"{value}, or already {side.or_already}"
