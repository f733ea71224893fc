"""The plan: everything a run will do, decided at once from what was read, and nothing done yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import pandas as pd

from salesmanago_sync.domain.declared import Declared, number, text
from salesmanago_sync.domain.frames import TEXT, looked_up
from salesmanago_sync.domain.merge.base import pack
from salesmanago_sync.domain.merge.choices import CHOICES, OUTCOMES
from salesmanago_sync.domain.merge.owed import add_owed
from salesmanago_sync.domain.merge.pairs import LostLedger, Pairs, pairs_of
from salesmanago_sync.domain.people.identities import ObjectInput, identities, is_true
from salesmanago_sync.domain.people.matching import Identities, match
from salesmanago_sync.domain.people.succession import succeed, successors
from salesmanago_sync.domain.plan.addresses import MOVES, settle_addresses
from salesmanago_sync.domain.plan.agreement import agreement
from salesmanago_sync.domain.plan.changes import VERDICTS, Decision, decide
from salesmanago_sync.domain.plan.consent import Everybody, share_opt_outs
from salesmanago_sync.domain.plan.findings import issues_of_people, stack
from salesmanago_sync.domain.plan.readability import field_issues, hold, nameable, nameless
from salesmanago_sync.domain.plan.review import review, turns
from salesmanago_sync.domain.staged_frames import BINDING_MOVES, FOUND_ISSUES, SEEN_OPT_OUTS, SIGHTINGS

KEPT_BASES = Declared(
    "kept bases",
    writer="plan, compare",
    meaning="A binding that moves.",
    columns=(number("id", "the binding in the ledger"), text("base", "what of its base still holds, as JSON")),
)
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
        witnesses: Objects that are not synchronised: only their opt-outs count.
        seen: For whom the services were asked (`sightings`): nobody else is taken for gone.
        synchronised_until: Up to when SALESmanago was synchronised before this run, by its own clock; or nobody knows.
        lost: What is known of a ledger that is not there any more.
        default_opt_outs: Whether a contact that nobody edited is opted out by its account's default where nothing else
            is remembered of it; None where nobody has said so.
        choices: What people decided about held conflicts (`choices.CHOICES`).
    """

    objects: Sequence[ObjectInput]
    scope: frozenset[str]
    contacts: pd.DataFrame
    bindings: pd.DataFrame
    direction: Literal["both", "to_salesmanago", "to_salesforce"]
    now: datetime
    witnesses: Sequence[ObjectInput] = ()
    seen: pd.DataFrame = field(default_factory=SIGHTINGS.empty)
    synchronised_until: datetime | None = None
    lost: LostLedger | None = None
    default_opt_outs: bool | None = None
    choices: pd.DataFrame = field(default_factory=CHOICES.empty)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        people: One row a person (`staged_frames.PEOPLE`).
        changes: One row a field that will be written (`staged_frames.PLANNED_CHANGES`).
        agreement: What the ledger learns without a write (`staged_frames.AGREEMENT`).
        moves: Bindings that go to another record or contact (`staged_frames.BINDING_MOVES`).
        issues: What could not be decided (`staged_frames.FOUND_ISSUES`).
        decisions: How it came to that, for each object of the scope.
        seen: What was seen of opt-outs of which no write tells (`staged_frames.SEEN_OPT_OUTS`).
        choices: What has become of decisions about held conflicts (`choices.OUTCOMES`).
    """

    people: pd.DataFrame
    changes: pd.DataFrame
    agreement: pd.DataFrame
    moves: pd.DataFrame
    issues: pd.DataFrame
    decisions: tuple[Decision, ...] = ()
    seen: pd.DataFrame = field(default_factory=SEEN_OPT_OUTS.empty)
    choices: pd.DataFrame = field(default_factory=OUTCOMES.empty)


def plan(inputs: PlanInput) -> Plan:
    """Decide what to do with everybody who was read."""
    read = identities(inputs.objects, inputs.contacts, inputs.bindings, inputs.now, inputs.seen)
    succeeded = succeed(nameable(read), inputs.bindings, successors(inputs.objects))
    found = replace(read, bindings=succeeded[list(read.bindings)])
    matched = _people(hold(_with_ends(match(found), inputs.objects), inputs.objects, inputs.contacts), inputs.scope)
    bindings = add_owed(succeeded, matched, inputs.objects, inputs.contacts)
    reviewed = [
        review(decide(_pairs(item, inputs, bindings, matched)), inputs.direction)
        for item in _with_people(inputs, matched)
    ]
    decisions, order = settle_addresses(reviewed, found, matched)
    everybody = Everybody(found, inputs.objects, inputs.witnesses, inputs.contacts, bindings)
    shared = share_opt_outs(everybody, matched, decisions, inputs.direction)
    detailed = _with_contact_details(shared.people, found, inputs.contacts, [one.pairs for one in decisions])
    people = _with_verdicts(detailed, [one.verdicts for one in decisions])
    unreadable = [field_issues(one.pairs) for one in decisions]
    found_issues = [issues_of_people(matched), *unreadable, *(one.issues for one in decisions), shared.issues]
    return Plan(
        people=people,
        changes=_with_order(_with_turns(_to_somebody(shared.changes), decisions), order),
        # What the ledger has still to learn: beside what it holds now, moves and debts are news.
        agreement=agreement(decisions, people, inputs.bindings),
        moves=_moves(bindings, decisions),
        issues=stack(found_issues, FOUND_ISSUES),
        decisions=tuple(decisions),
        seen=shared.seen,
        choices=stack([one.choices for one in decisions], OUTCOMES),
    )


def _with_people(inputs: PlanInput, people: pd.DataFrame) -> list[ObjectInput]:
    """Give the objects of the scope of which there is anybody; of nobody a decision costs as much as of a few.

    One at least, so that every frame has its columns.
    """
    mine = [item for item in inputs.objects if item.mapping.object in inputs.scope]
    return [item for item in mine if people["object"].eq(item.mapping.object).any()] or mine[:1]


def _pairs(item: ObjectInput, inputs: PlanInput, bindings: pd.DataFrame, people: pd.DataFrame) -> Pairs:
    known = (inputs.synchronised_until, inputs.default_opt_outs, inputs.choices, inputs.lost)
    return pairs_of(item, inputs.contacts, bindings, people, *known)


def _to_somebody(changes: pd.DataFrame) -> pd.DataFrame:
    """Nothing is sent to a record or contact whose id could not be read."""
    return changes[~nameless(changes["salesforce_id"]) & ~nameless(changes["salesmanago_id"])]


def _moves(bindings: pd.DataFrame, decisions: Sequence[Decision]) -> pd.DataFrame:
    """List the bindings that move, each with the base that still holds."""
    moved = bindings[bindings["from_salesforce_id"].notna() | bindings["from_salesmanago_id"].notna()]
    parts = [_kept_base(decision.pairs, moved["id"]) for decision in decisions if len(moved)]
    kept = stack(parts, KEPT_BASES).set_index("id")["base"]
    # Whoever takes no part in this run moves in one that does.
    based = moved.assign(base=moved["id"].map(kept).astype(TEXT))
    return based.dropna(subset=["base"])[list(BINDING_MOVES.names)]


def _kept_base(pairs: Pairs, moved: pd.Series) -> pd.DataFrame:
    ids = pairs.bindings["id"]
    ids = ids[ids.isin(moved)]
    base = pairs.base.at(ids.index)
    values = {str(key): (base.a[key], base.m[key]) for key in base.known}
    known = {str(key): base.known[key] for key in base.known}
    return pd.DataFrame({"id": ids, "base": pack(values, known, ids.index)})


def _with_ends(matched: pd.DataFrame, objects: Sequence[ObjectInput]) -> pd.DataFrame:
    """Tell converted Leads and losers of a merge from deleted records."""
    reason = matched["reason"]
    deleted, free = reason.eq("DELETED").fillna(False), matched["matched_by"].isna()
    for item in objects:
        records = item.records
        gone = is_true(records, "IsDeleted")
        ids = {"CONVERTED": records.loc[is_true(records, "IsConverted") & ~gone, "Id"]}
        if "MasterRecordId" in records:
            ids["MERGED"] = records.loc[gone & records["MasterRecordId"].notna(), "Id"]
        for code, mine in ids.items():
            # A bound record whose winner cannot be seen was deleted for all that the sync knows.
            theirs = deleted & matched["salesforce_id"].isin(mine)
            reason = reason.mask(theirs & (free | (code != "MERGED")), code)
    return matched.assign(reason=reason)


def _people(matched: pd.DataFrame, scope: frozenset[str]) -> pd.DataFrame:
    # A contact that no mapping wants has no object and is counted with the run.
    mine = matched[matched["object"].isin(scope) | matched["object"].isna()].reset_index(drop=True)
    mine.index.name = "person"
    return mine


def _with_contact_details(
    people: pd.DataFrame, found: Identities, contacts: pd.DataFrame, pairs: Sequence[Pairs]
) -> pd.DataFrame:
    email = looked_up(found.salesforce, "salesforce_id", "email", people["salesforce_id"])
    present = looked_up(contacts, "contactId", "email", people["salesmanago_id"])
    people = people.assign(email=present.fillna(email).astype(TEXT))
    for name in CLOCKS:
        people[name] = pd.Series(pd.NaT, index=people.index, dtype="datetime64[us, UTC]")
    for each in pairs:
        people.loc[each.people.index, "salesforce_clock"] = each.clock("salesforce")
        people.loc[each.people.index, "salesmanago_clock"] = each.clock("salesmanago")
        people.loc[each.people.index, "salesforce_seen"] = each.records["LastModifiedDate"]
        people.loc[each.people.index, "salesmanago_seen"] = each.contacts["modifiedOn"]
    return people


def _with_verdicts(people: pd.DataFrame, verdicts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    final = stack(verdicts, VERDICTS).drop_duplicates("person").set_index("person")
    people = people.copy()
    people.loc[final.index, ["status", "reason"]] = final[["status", "reason"]]
    return people


def _with_turns(changes: pd.DataFrame, decisions: Sequence[Decision]) -> pd.DataFrame:
    counted = [taken.reset_index(names=["person", "field"]) for taken in map(turns, decisions) if len(taken)]
    if not counted:
        return changes.assign(turn=1)
    rows = changes.merge(pd.concat(counted).astype({"person": "int64"}), on=["person", "field"], how="left")
    return rows.assign(turn=rows["turn"].fillna(1).astype("int64"))


def _with_order(changes: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    """Say which record or contact must have given its address up before a change is written."""
    if order.empty:
        return changes.assign(after=pd.Series("", index=changes.index, dtype=TEXT))
    rows = changes.merge(order, on=["person", "direction"], how="left")
    return rows.assign(after=rows["after"].where(rows["lane"].str.startswith(MOVES)).fillna("").astype(TEXT))
