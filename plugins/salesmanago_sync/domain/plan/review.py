"""Review: the changes of one object looked through before they are planned, so that nothing is sent to be refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.org.acceptance import Misfit, cut_to_fit, misfits
from salesmanago_sync.domain.org.schema import Schema
from salesmanago_sync.domain.people.matching import ISSUE, SKIP
from salesmanago_sync.domain.plan.changes import EXTERNAL_ID, VERDICTS, Decision
from salesmanago_sync.domain.plan.findings import issues, stack
from salesmanago_sync.domain.plan.native import to_salesforce
from salesmanago_sync.domain.salesmanago_fields import STATES
from salesmanago_sync.domain.staged_frames import FOUND_ISSUES

# An automation answers a write at once; a person seldom does.
REACTION = pd.Timedelta(minutes=2)
# To, fro, and a third time; or to one side three times over.
TURNS = 3


def review(decision: Decision, direction: str) -> Decision:
    """Drop what must not be written, and say why.

    Args:
        decision: What the merge decided.
        direction: The direction that the run is restricted to, or both.
    """
    if direction != "both":
        decision = replace(decision, changes=decision.changes[decision.changes["direction"].eq(direction)])
    for check in (_states, _fit, _unstable):
        decision = check(decision)
    return _names_for_newcomers(_addresses_for_newcomers(decision))


def _hold(decision: Decision, held: pd.Series, reason: str, text: pd.Series | str) -> Decision:
    """Take single fields out of the plan and open an issue for each."""
    if not held.any():
        return decision
    rows = decision.changes[held]
    values = [json.dumps({"new": new}) for new in rows["new"].fillna("")]
    found = issues(
        rows.rename(columns={"direction": "_way"}).assign(direction=rows["direction"]),
        reason,
        field=rows["field"],
        direction=rows["direction"],
        text=text[held] if isinstance(text, pd.Series) else text,
        values=pd.Series(values, index=rows.index, dtype=TEXT),
    )
    return replace(decision, changes=decision.changes[~held], issues=stack([decision.issues, found], FOUND_ISSUES))


def _dismiss(decision: Decision, persons: pd.Index, status: str, reason: str) -> Decision:
    """Take whole people out of the plan; their consent still travels."""
    gone = decision.changes["person"].isin(persons) & decision.changes["lane"].ne("consent")
    verdicts = pd.DataFrame({"person": persons, "status": status, "reason": reason})
    return replace(
        decision,
        changes=decision.changes[~gone],
        verdicts=stack([decision.verdicts, verdicts], VERDICTS),
    )


def _states(decision: Decision) -> Decision:
    changes = decision.changes
    held = (
        changes["direction"].eq(TO_SALESMANAGO)
        & changes["field"].eq("state")
        & changes["new"].notna()
        & ~changes["new"].isin(STATES)
    )
    return _hold(decision, held, "VALUE_NOT_ALLOWED", f"SALESmanago knows {', '.join(STATES)}")


def _fit(decision: Decision) -> Decision:
    """Hold back values that describe says Salesforce would refuse; cut those that may be cut."""
    decision = replace(decision, changes=_cut(decision.changes, decision.pairs.mapping, decision.pairs.schema))
    inward = decision.changes[decision.changes["direction"].eq(TO_SALESFORCE)]
    if inward.empty:
        return decision
    mapping, schema = decision.pairs.mapping, decision.pairs.schema
    native = to_salesforce(mapping, inward, decision.pairs.records)
    for line in mapping.lines:
        for field in line.salesforce:
            values = {person: row[field] for person, row in native.items() if field in row}
            for misfit in misfits(values, field, schema):
                decision = _hold_persons(decision, line.key, misfit)
    return decision


def _cut(changes: pd.DataFrame, mapping: Mapping, schema: Schema) -> pd.DataFrame:
    for line in mapping.lines:
        if line.truncate:
            mine = changes["direction"].eq(TO_SALESFORCE) & changes["field"].eq(line.key)
            changes = changes.assign(new=changes["new"].mask(mine, cut_to_fit(line, schema, changes["new"])))
    return changes


def _hold_persons(decision: Decision, key: str, misfit: Misfit) -> Decision:
    changes = decision.changes
    mine = changes["person"].isin(misfit.persons) & changes["direction"].eq(TO_SALESFORCE)
    held = mine & (changes["field"].eq(key) | changes["field"].str.startswith(f"{key}:"))
    return _hold(decision, held, misfit.reason, misfit.text)


def _unstable(decision: Decision) -> Decision:
    """Hold a field that would be written a third time, having been changed at once after our own write each time."""
    changes, taken = decision.changes, turns(decision)
    if taken.empty:
        return decision
    before = changes.join(taken, on=["person", "field"])
    # Nothing holds an opt-out back.
    third = before["turn"].fillna(1).ge(TURNS) & before["lane"].ne("consent")
    return _hold(decision, third.set_axis(changes.index), "UNSTABLE", "written to and fro by an automation")


def turns(decision: Decision) -> pd.DataFrame:
    """Count how often in a row each planned field was changed at once after our own write, by the side that took it.

    Returns:
        `turn` on the index (person, field): 1 for a change that nothing came before.
    """
    pairs, changes = decision.pairs, decision.changes
    empty = pd.DataFrame({"turn": pd.Series(dtype="int64")}, index=pd.MultiIndex.from_arrays([[], []]))
    bounced = pairs.bindings["bounces"].fillna("{}")
    bounced = bounced[bounced.ne("{}")]
    if bounced.empty or changes.empty:
        return empty
    last = [
        (person, key, way, count) for person, text in bounced.items() for key, (way, count) in json.loads(text).items()
    ]
    history = pd.DataFrame(last, columns=["person", "field", "way", "count"])
    # What is owed may go to both sides at once.
    planned = changes[["person", "field"]].drop_duplicates().merge(history, on=["person", "field"])
    answered = pd.Series(False, index=planned.index)
    for (key, way), rows in planned.groupby(["field", "way"]):
        answered[rows.index] = _answered(pairs, str(key), str(way)).reindex(rows["person"]).fillna(False).to_numpy()
    planned["turn"] = (planned["count"] + 1).where(answered, 1)
    return planned.set_index(["person", "field"])[["turn"]]


def _answered(pairs: Pairs, key: str, way: str) -> pd.Series:
    """Where the side that was written last has not kept the field, and nobody but an automation can have done that.

    Only the side that lost the value counts: whoever empties or edits the field elsewhere, or hours later, is a person.
    An opt-out is never held back. In the second of our own write only a blank tells that the value was not kept.
    """
    side = way.removeprefix("to_")
    at_once = (pairs.clock_as_read(side) <= pairs.bindings[f"{side}_written_at"] + REACTION).fillna(False).astype(bool)
    if key == EXTERNAL_ID:
        return at_once
    column = next((column for column in pairs.columns() if column.key == key and column.kind != "consent"), None)
    if column is None:
        return pd.Series(False, index=pairs.people.index)
    sides = pairs.sides(column)
    changed = sides.changed_a() if side == "salesforce" else sides.changed_m()
    values = sides.a if side == "salesforce" else sides.m
    lost = values.isna() if column.kind == "value" and not column.rule.propagate_blank else False
    return at_once & (~pairs.untouched[side] | lost) & changed


def _addresses_for_newcomers(decision: Decision) -> Decision:
    """Create nobody in Salesforce without the address by which he is known: why it cannot be written is an issue."""
    changes = decision.changes
    new = changes[changes["direction"].eq(TO_SALESFORCE) & changes["action"].eq("create")]
    named = new.loc[new["field"].eq("email") & new["new"].notna(), "person"]
    nameless = new.loc[~new["person"].isin(named), "person"].unique()
    if not len(nameless):
        return decision
    held = decision.issues[decision.issues["field"].eq("email")].drop_duplicates("salesmanago_id", keep="last")
    reasons = held.set_index("salesmanago_id")["reason"]
    ids = decision.pairs.people.loc[nameless, "salesmanago_id"]
    for reason, mine in ids.groupby(ids.map(reasons).fillna("NO_EMAIL")):
        decision = _dismiss(decision, pd.Index(mine.index), ISSUE, str(reason))
    return decision


def _names_for_newcomers(decision: Decision) -> Decision:
    """Skip new Salesforce records that lack what Salesforce requires, where the mapping does not fill it."""
    changes, mapping = decision.changes, decision.pairs.mapping
    new = changes[changes["direction"].eq(TO_SALESFORCE) & changes["action"].eq("create")]
    if new.empty:
        return decision
    policies = {"LastName": (mapping.last_name_when_empty, "LAST_NAME_EMPTY")}
    if mapping.object == "Lead":
        policies["Company"] = (mapping.company_when_empty, "COMPANY_EMPTY")
    required = {field: reason for field, (policy, reason) in policies.items() if policy.action == "skip"}
    keys = [line.key for line in mapping.lines if required.keys() & set(line.salesforce)]
    native = to_salesforce(mapping, new[new["field"].isin(keys)], decision.pairs.records)
    persons = pd.Index(new["person"].sort_values().unique(), name="person")
    for field, reason in required.items():
        lacking = [native.get(person, {}).get(field) is None for person in persons]
        decision = _dismiss(decision, persons[lacking], SKIP, reason)
    return decision
