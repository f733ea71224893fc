"""The plan: everything a run will do, decided at once from what was read, and nothing done yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from salesmanago_sync.domain.agreement import agreement
from salesmanago_sync.domain.changes import CHANGE_COLUMNS, Decision, decide
from salesmanago_sync.domain.findings import ISSUE_COLUMNS, issues_of_people, stack
from salesmanago_sync.domain.identities import ObjectInput, identities
from salesmanago_sync.domain.matching import Identities, match
from salesmanago_sync.domain.pairs import Pairs, pairs_of
from salesmanago_sync.domain.review import Addresses, review, turns

CLOCKS = ("salesforce_clock", "salesmanago_clock", "salesforce_seen", "salesmanago_seen")


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything that is decided upon.

    Attributes:
        objects: Every enabled object; those outside `scope` only help to recognise people.
        scope: The objects that this run synchronises.
        contacts: A SALESmanago frame with the extra flag `in_scope`.
        bindings: The ledger's bindings of everything that was read.
        direction: Which sides may be written.
        now: The moment relative dates in criteria count from.
    """

    objects: Sequence[ObjectInput]
    scope: frozenset[str]
    contacts: pd.DataFrame
    bindings: pd.DataFrame
    direction: Literal["both", "to_salesmanago", "to_salesforce"]
    now: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        people: One row a person (`matching.match`) on the index `person`, with `email`, the address that SALESmanago
            knows or will know, `<side>_clock`, when a person touched the record last, and `<side>_seen`, the clock as
            read.
        changes: One row a field that will be written (`changes.CHANGE_COLUMNS`), and `turn` (`review.turns`).
        agreement: What the ledger learns without a write (`agreement.agreement`).
        issues: What could not be decided (`findings.ISSUE_COLUMNS`).
        decisions: How it came to that, for each object of the scope.
    """

    people: pd.DataFrame
    changes: pd.DataFrame
    agreement: pd.DataFrame
    issues: pd.DataFrame
    decisions: tuple[Decision, ...] = ()


def plan(inputs: PlanInput) -> Plan:
    """Decide what to do with everybody who was read."""
    found = identities(inputs.objects, inputs.contacts, inputs.bindings, inputs.now)
    people = _people(_with_converted(match(found), inputs.objects), inputs.scope)
    unmatched = issues_of_people(people)
    addresses = _addresses(found)
    decisions = [
        review(decide(pairs_of(item, inputs.contacts, inputs.bindings, people)), inputs.direction, addresses)
        for item in inputs.objects
        if item.mapping.object in inputs.scope
    ]
    verdicts = [decision.verdicts for decision in decisions]
    people = _with_verdicts(_with_contact_details(people, found, [decision.pairs for decision in decisions]), verdicts)
    return Plan(
        people=people,
        changes=stack([_with_turns(decision) for decision in decisions], (*CHANGE_COLUMNS, "turn")),
        agreement=agreement(decisions, people, inputs.bindings),
        issues=stack([unmatched, *(decision.issues for decision in decisions)], ISSUE_COLUMNS),
        decisions=tuple(decisions),
    )


def _with_converted(matched: pd.DataFrame, objects: Sequence[ObjectInput]) -> pd.DataFrame:
    """Tell converted Leads from deleted records."""
    ids: set[str] = set()
    for item in objects:
        if "IsConverted" in item.records:
            converted = item.records["IsConverted"].eq("true") & item.records["IsDeleted"].ne("true")
            ids |= set(item.records.loc[converted, "Id"])
    theirs = matched["reason"].eq("DELETED") & matched["salesforce_id"].isin(ids)
    return matched.assign(reason=matched["reason"].mask(theirs, "CONVERTED"))


def _people(matched: pd.DataFrame, scope: frozenset[str]) -> pd.DataFrame:
    # A contact that no mapping wants has no object and is counted with the run.
    mine = matched[matched["object"].isin(scope) | matched["object"].isna()].reset_index(drop=True)
    mine.index.name = "person"
    return mine


def _addresses(found: Identities) -> Addresses:
    s, m = found.salesforce, found.salesmanago
    return Addresses(
        salesforce=s.loc[~s["gone"], ["email", "salesforce_id"]].rename(columns={"salesforce_id": "id"}).dropna(),
        salesmanago=m.loc[~m["gone"], ["email", "salesmanago_id"]].rename(columns={"salesmanago_id": "id"}).dropna(),
    )


def _with_contact_details(people: pd.DataFrame, found: Identities, pairs: Sequence[Pairs]) -> pd.DataFrame:
    of_records = found.salesforce.drop_duplicates("salesforce_id").set_index("salesforce_id")["email"]
    written = stack([each.contacts[["email"]].assign(person=each.people.index) for each in pairs], ("email", "person"))
    email = people["salesforce_id"].map(of_records).astype("str")
    present = written.set_index("person")["email"].reindex(people.index)
    people = people.assign(email=present.fillna(email).astype("str"))
    for name in CLOCKS:
        people[name] = pd.Series(pd.NaT, index=people.index, dtype="datetime64[us, UTC]")
    for each in pairs:
        people.loc[each.people.index, "salesforce_clock"] = each.clock("salesforce")
        people.loc[each.people.index, "salesmanago_clock"] = each.clock("salesmanago")
        people.loc[each.people.index, "salesforce_seen"] = each.records["LastModifiedDate"]
        people.loc[each.people.index, "salesmanago_seen"] = each.contacts["modifiedOn"]
    return people


def _with_verdicts(people: pd.DataFrame, verdicts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    final = stack(verdicts, ("person", "status", "reason")).drop_duplicates("person").set_index("person")
    people = people.copy()
    people.loc[final.index, ["status", "reason"]] = final[["status", "reason"]]
    return people


def _with_turns(decision: Decision) -> pd.DataFrame:
    rows = decision.changes.join(turns(decision), on=["person", "field"])
    return rows.assign(turn=rows["turn"].fillna(1).astype("int64"))
