"""Outlook: what becomes of one person in the next run, and why, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from salesmanago_sync.domain.explain.explanation import Namesake
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR
from salesmanago_sync.domain.reasons import ISSUES, SKIPS, Reason

NAMES = {"to_salesmanago": "SALESmanago", "to_salesforce": "Salesforce"}
MATCHED = {
    "binding": "The record and the contact are bound and take part.",
    "external_id": "One side holds the id of the other: the next run binds the two.",
    "email": "Both sides have the same address: the next run binds the two.",
}
CREATES = {
    CREATE_IN_SALESMANAGO: "SALESmanago does not know this record yet: the next run creates the contact.",
    CREATE_IN_SALESFORCE: "Salesforce does not know this contact yet: the next run creates a {object}.",
}
UNKNOWN = Reason("No explanation is known for this reason code.", "")
# Somebody else with the address decides over these.
OF_NAMESAKES = ("SHADOWED", "AMBIGUOUS_MATCH", "EMAIL_TAKEN")


def because(row: Mapping[str, Any], others: Sequence[Namesake]) -> Iterator[str]:
    """Say in words what a run does with a person.

    Args:
        row: The row of the people frame, None where it holds nothing.
        others: Who has the same address.
    """
    if row["status"] == PAIR:
        yield MATCHED.get(row["matched_by"], "Takes part.")
        return
    if row["status"] in CREATES:
        yield CREATES[row["status"]].format(object=row["object"])
        return
    reason = known_reason(row["reason"])
    yield f"{row['reason']}: {reason.meaning} {reason.fix}".rstrip()
    if row["text"]:
        yield f"{row['text'][:1].upper()}{row['text'][1:]}."
    if row["reason"] in OF_NAMESAKES and others:
        yield "Has the same address: " + ", ".join(f"{one.object} {one.id} ({_told(one)})" for one in others) + "."


def known_reason(code: str) -> Reason:
    """Say a reason code in words, whether it is of an issue or of a skip."""
    return ISSUES.get(code) or SKIPS.get(code) or UNKNOWN


def _told(one: Namesake) -> str:
    return one.status if one.reason is None else f"{one.status} {one.reason}"


def outlook(
    moves: pd.DataFrame, writes: pd.DataFrame, would_report: pd.DataFrame, looked_at: bool | None
) -> Iterator[str]:
    """Say in words what a run that looks at a person does, and whether the next incremental run looks.

    Args:
        moves: The moves of their binding.
        writes: The planned changes of the person.
        would_report: The issues that the plan has for the person.
        looked_at: Whether the next incremental run looks; None where that is not known.
    """
    for event, record, contact in zip(
        moves["event"], moves["from_salesforce_id"], moves["from_salesmanago_id"], strict=True
    ):
        before = " and ".join(one for one in (record, contact) if pd.notna(one))
        yield f"A run moves the binding here from {before}, which was {event}."
    for (direction, action), rows in writes.groupby(["direction", "action"], sort=True):
        fields = ", ".join(sorted(rows["field"]))
        verb = "creates the person in" if action == "create" else "writes to"
        yield f"A run {verb} {NAMES[str(direction)]}: {fields}."
    if writes.empty:
        yield "A run writes nothing."
    for key, code in zip(would_report["field"], would_report["reason"], strict=True):
        about = f" of {key}" if key else ""
        yield f"A run reports {code}{about}: {known_reason(code).meaning}"
    if looked_at is not None and (len(writes) or len(would_report)):
        yield (
            "The next incremental run looks at this person."
            if looked_at
            else "The next incremental run does not look at this person, for neither side has changed since the last "
            "one; a full sync does."
        )
