"""Person story: everything about one person, told from what was read, planned and remembered. Nothing is decided here.

The decisions are those of the plan that a run would make, so that an explanation and a run cannot disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.criteria.language import SALESMANAGO_TYPES
from salesmanago_sync.domain.criteria.verdict import Verdict, judge
from salesmanago_sync.domain.explain.explanation import (
    Binding,
    Change,
    Event,
    Evidence,
    Explanation,
    Issue,
    Namesake,
    PastChange,
    Story,
)
from salesmanago_sync.domain.explain.field_story import fields_of_person, not_read
from salesmanago_sync.domain.explain.outlook import because, known_reason, outlook
from salesmanago_sync.domain.explain.person_key import PersonKey
from salesmanago_sync.domain.merge.choices import in_words
from salesmanago_sync.domain.org.schema import criteria_types
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.people.matching import SKIP
from salesmanago_sync.domain.plan.plan import Plan, PlanInput

CONTACT = "SALESmanago contact"
OF_PERSON = ("object", "salesforce_id", "salesmanago_id", "matched_by", "status", "reason")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a key names: records and contacts, the partners of bound ones included."""

    salesforce_ids: frozenset[str]
    salesmanago_ids: frozenset[str]

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Take the rows of a frame with both id columns that are about them."""
        return frame[
            frame["salesforce_id"].isin(self.salesforce_ids) | frame["salesmanago_id"].isin(self.salesmanago_ids)
        ]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the ledger holds about them, frames as its tables.

    Attributes:
        changes: Of past runs, with `mode` and `dry_run` of the run.
    """

    bindings: pd.DataFrame
    events: pd.DataFrame
    changes: pd.DataFrame
    issues: pd.DataFrame
    consent: pd.DataFrame


def explain(
    key: PersonKey,
    meant: Meant,
    inputs: PlanInput,
    planned: Plan,
    remembered: Remembered,
    since: Mapping[str, datetime] | None = None,
) -> Explanation:
    """Tell the whole story of a person.

    Args:
        key: What was asked for.
        meant: Whom it names.
        inputs: What was read of them and of everybody who matters to them.
        planned: The plan for these inputs.
        remembered: What the ledger knows.
        since: Where the next incremental run begins to look on each side; None where that is not known.
    """
    people = meant.rows(planned.people)
    there = _there(inputs)
    stories = [
        _story(int(str(person)), row, inputs, planned, remembered, since)
        for person, row in zip(people.index, plain(people), strict=True)
        if there & {row["salesforce_id"], row["salesmanago_id"]}
    ]
    told = {story.binding.id for story in stories if story.binding is not None}
    forgotten = remembered.bindings[~remembered.bindings["id"].isin(told)]
    stories += [_story_of_the_gone(row, remembered) for row in plain(forgotten)]
    return Explanation(key.value, inputs.now, _answer(key, stories, inputs), tuple(stories))


def _there(inputs: PlanInput) -> set[str]:
    """Name the records and contacts that were read."""
    return {*inputs.contacts["contactId"], *(record for item in inputs.objects for record in item.records["Id"])}


def _answer(key: PersonKey, stories: Sequence[Story], inputs: PlanInput) -> str:
    if len(stories) == 1:
        return stories[0].because[0]
    if stories:
        return f"{len(stories)} records and contacts are meant; each is told below."
    objects = ", ".join(item.mapping.object for item in inputs.objects)
    by = {"email": "address", "salesforce_id": "Salesforce Id", "salesmanago_id": "contactId"}[key.kind]
    return (
        f"Nobody is known by this {by}: no {objects} of Salesforce, no contact of SALESmanago, nobody in the ledger. "
        "Objects without an enabled mapping are not looked at."
    )


def _story(
    person: int,
    row: Row,
    inputs: PlanInput,
    planned: Plan,
    remembered: Remembered,
    since: Mapping[str, datetime] | None,
) -> Story:
    mine = _meant(row)
    writes = planned.changes[planned.changes["person"].eq(person)]
    would_report = mine.rows(planned.issues)
    others = tuple(_namesakes(mine, inputs, planned))
    looked_at = _looks(mine, inputs, mine.rows(remembered.issues), since)
    return Story(
        **{name: row[name] for name in OF_PERSON},
        because=tuple(because(row, others)),
        same_address=others,
        criteria=_criteria(row, inputs),
        fields=tuple(fields_of_person(planned, person, would_report)),
        not_read=tuple(not_read(planned, person)),
        planned=tuple(_each(Change, writes)),
        outlook=tuple(outlook(mine.rows(planned.moves), writes, would_report, looked_at)),
        **_memories(mine, remembered),
    )


def _story_of_the_gone(row: Row, remembered: Remembered) -> Story:
    """Tell of a binding of which neither side is there any more."""
    words = "Both sides were deleted for good; the ledger keeps the binding, so that nobody is created again."
    return Story(
        object=row["object"],
        salesforce_id=row["salesforce_id"],
        salesmanago_id=row["salesmanago_id"],
        matched_by="binding",
        status=SKIP,
        reason="DELETED",
        because=(words,),
        outlook=("A run writes nothing.",),
        **_memories(_meant(row), remembered),
    )


def _memories(mine: Meant, remembered: Remembered) -> dict[str, Any]:
    bindings = [_binding(row) for row in plain(mine.rows(remembered.bindings))]
    events = remembered.events[remembered.events["binding_id"].isin([binding.id for binding in bindings])]
    # Under the ids of before a conversion, a merge or a replacement, too.
    ever = Meant(
        mine.salesforce_ids | frozenset(events["salesforce_id"]) - {""},
        mine.salesmanago_ids | frozenset(events["salesmanago_id"]) - {""},
    )
    return {
        "binding": bindings[0] if bindings else None,
        "events": tuple(_each(Event, events)),
        "issues": tuple(_issues(mine.rows(remembered.issues))),
        "consent": tuple(_each(Evidence, ever.rows(remembered.consent))),
        "sent": tuple(_each(PastChange, ever.rows(remembered.changes))),
    }


def _binding(row: Row) -> Binding:
    awaited = {side: tuple(json.loads(row[f"{side}_written"])) for side in ("salesforce", "salesmanago")}
    return Binding(**_given(Binding, row | {"owed": json.loads(row["owed"])}), awaited=awaited)


def _issues(rows: pd.DataFrame) -> Iterator[Issue]:
    for row in plain(rows):
        reason = known_reason(row["reason"])
        yield Issue(**_given(Issue, row), meaning=reason.meaning, fix=reason.fix, decision=in_words(row))


def _criteria(row: Row, inputs: PlanInput) -> dict[str, Verdict]:
    verdicts: dict[str, Verdict] = {}
    for item in inputs.objects:
        if item.mapping.object != row["object"]:
            continue
        criteria, records, contacts = item.mapping.criteria, item.records, inputs.contacts
        record = records[records["Id"].eq(row["salesforce_id"] or "")]
        contact = contacts[contacts["contactId"].eq(row["salesmanago_id"] or "")]
        if len(record):
            types = criteria_types(item.mapping, item.schema)
            verdicts["salesforce"] = judge(criteria.salesforce, record, types, inputs.now)
        if len(contact):
            verdicts["salesmanago"] = judge(criteria.salesmanago, contact, SALESMANAGO_TYPES, inputs.now)
    return verdicts


def _namesakes(mine: Meant, inputs: PlanInput, planned: Plan) -> Iterator[Namesake]:
    known = _addresses(inputs)
    me = known["id"].isin(mine.salesforce_ids | mine.salesmanago_ids)
    others = known[known["email"].isin(known.loc[me, "email"].dropna()) & ~me]
    for other in plain(others):
        column = "salesmanago_id" if other["object"] == CONTACT else "salesforce_id"
        verdicts = plain(planned.people[planned.people[column].eq(other["id"])])
        verdict = verdicts[0] if verdicts else {"status": "not looked at", "reason": None}
        yield Namesake(other["object"], other["id"], str(verdict["status"]), verdict["reason"])


def _addresses(inputs: PlanInput) -> pd.DataFrame:
    frames = [_address(item.mapping.object, item.records, "Id", _email_field(item)) for item in inputs.objects]
    return pd.concat([*frames, _address(CONTACT, inputs.contacts, "contactId", "email")], ignore_index=True)


def _address(name: str, frame: pd.DataFrame, key: str, field: str) -> pd.DataFrame:
    return pd.DataFrame({"object": name, "id": frame[key], "email": normalise_email(frame[field])})


def _email_field(item: ObjectInput) -> str:
    return item.mapping.email_line.salesforce[0]


def _looks(mine: Meant, inputs: PlanInput, issues: pd.DataFrame, since: Mapping[str, datetime] | None) -> bool | None:
    """Tell whether the next incremental run looks at somebody: who changed, or has an issue that is due."""
    if since is None:
        return None
    moved = [
        item.records.loc[item.records["Id"].isin(mine.salesforce_ids), "SystemModstamp"].ge(since["salesforce"]).any()
        for item in inputs.objects
    ]
    contact = inputs.contacts[inputs.contacts["contactId"].isin(mine.salesmanago_ids)]
    moved += [contact[clock].ge(since["salesmanago"]).any() for clock in ("modifiedOn", "createdOn")]
    due = issues["state"].eq("open") & ~issues["next_attempt_at"].gt(inputs.now)
    return bool(any(moved) or due.any())


def _meant(row: Row) -> Meant:
    return Meant(
        *(frozenset([row[name]] if row[name] is not None else []) for name in ("salesforce_id", "salesmanago_id"))
    )


def _each(kind: Any, rows: pd.DataFrame) -> Iterator[Any]:
    for row in plain(rows):
        yield kind(**_given(kind, row))


def _given(kind: Any, row: Row) -> dict[str, Any]:
    return {field.name: row[field.name] for field in fields(kind) if field.name in row}


def plain(frame: pd.DataFrame) -> list[Row]:
    """Take rows out of a frame: what is missing becomes None, a time stamp a datetime."""
    return [{str(name): _value(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or value != value:
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
