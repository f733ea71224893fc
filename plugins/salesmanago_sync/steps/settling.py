"""Settling: what the ledger learns from the outcomes of a write, as soon as they come in.

A crash forgets one request's outcomes at most, and what it forgets is harmless: an update finds both sides equal the
next time, a create finds the record by its binding, its external id or its address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from salesmanago_sync.clients.outcome import OUTDATED, Outcome
from salesmanago_sync.domain.frames import TEXT, aligned, text_series, texts_of
from salesmanago_sync.domain.merge.base import pack
from salesmanago_sync.domain.merge.canonical import canonical_salesmanago
from salesmanago_sync.domain.merge.merge import TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.plan.findings import issues
from salesmanago_sync.domain.plan.native import wide
from salesmanago_sync.domain.undo.held import held_before
from salesmanago_sync.steps.evidence import keep_evidence
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import Reading, Source
from salesmanago_sync.steps.salvage import ABOUT_VALUES

# The record was converted, merged or deleted since it was read.
MOVED_ON = ("RECORD_GONE", "LEAD_CONVERTED")
DEFAULT_REASON = {"to_salesmanago": "REFUSED_BY_SALESMANAGO", "to_salesforce": "REFUSED_BY_SALESFORCE"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One write and its answer.

    Attributes:
        source: The object.
        direction: Where it was sent.
        changes: The changes that it carried.
        people: The people that it was about, by person number.
        outcomes: One for each of them.
        seen_at: When what it carries was read.
        sent_at: The local clock just before the write.
        at: The service's clock just after the write.
        by_field: Whether each change is refused by itself, the rest of the record being accepted.
        last: Whether nobody looks at these people again in this run.
    """

    source: Source
    direction: str
    changes: pd.DataFrame
    people: pd.DataFrame
    outcomes: list[Outcome]
    seen_at: datetime
    sent_at: datetime
    at: datetime
    by_field: bool = False
    last: bool = False

    @property
    def side(self) -> str:
        """The side that was written."""
        return self.direction.removeprefix("to_")

    @property
    def other(self) -> str:
        """The side that the values came from."""
        return "salesforce" if self.direction == TO_SALESMANAGO else "salesmanago"

    def only(self, chosen: Any) -> Sent:
        """Keep some of the people, by a flag for each."""
        people = self.people[chosen]
        outcomes = [outcome for outcome, mine in zip(self.outcomes, list(chosen), strict=True) if mine]
        return replace(
            self, people=people, outcomes=outcomes, changes=self.changes[self.changes["person"].isin(people.index)]
        )

    def with_ids(self) -> pd.DataFrame:
        """Give the people with the ids of newcomers."""
        given = text_series((outcome.id for outcome in self.outcomes), index=self.people.index)
        column = f"{self.side}_id"
        return self.people.assign(**{column: self.people[column].fillna(given)})

    @property
    def unsent(self) -> pd.Series:
        """Who was not sent at all, because what is said of them was read too long ago."""
        late = [outcome.reason == OUTDATED for outcome in self.outcomes]
        return pd.Series(late, index=self.people.index, dtype="bool")

    @property
    def removes(self) -> bool:
        """Whether people were deleted."""
        return bool(self.changes["lane"].eq(DELETE).any())

    @property
    def accepted(self) -> pd.Series:
        """Whose write went through."""
        return pd.Series([outcome.ok for outcome in self.outcomes], index=self.people.index, dtype="bool")


def settle(ports: Ports, reading: Reading, sent: Sent) -> None:
    """Remember what became of a write.

    Args:
        ports: What the step talks to.
        reading: What was read.
        sent: The write.
    """
    people = sent.with_ids()
    # An opt-out may go to somebody who is no pair, of whom there is nothing to remember.
    paired = people["salesforce_id"].notna() & people["salesmanago_id"].notna()
    done = people[sent.accepted & paired]
    if len(done) and not sent.removes:
        changes = sent.changes[sent.changes["person"].isin(done.index)]
        kept = _read_back(ports, sent, done, changes)
        # Before the base: of a decision that was carried out halfway nothing else tells.
        ports.ledger.choices.note_written(changes)
        _remember(ports, sent, done, changes, kept)
    keep_evidence(ports, sent, people)
    _report_refusals(ports, sent)
    _settle_changes(ports, reading, sent)


def _remember(ports: Ports, sent: Sent, done: pd.DataFrame, changes: pd.DataFrame, kept: pd.DataFrame) -> None:
    now = ports.now()
    rows = done[["object", "salesforce_id", "salesmanago_id"]].copy()
    rows["matched_by"] = done["matched_by"].fillna("created")
    rows["base"] = _base(sent, changes, kept, done.index)
    rows[f"{sent.side}_person_clock"] = done[f"{sent.side}_clock"]
    rows[f"{sent.side}_written_at"] = pd.Timestamp(sent.at)
    keys = changes.groupby("person")["field"].agg(lambda fields: json.dumps(sorted(fields)))
    rows[f"{sent.side}_written"] = keys.reindex(done.index).fillna("[]")
    ports.ledger.bindings.add(rows, ports.run.id, now)
    ports.ledger.issues.adopt(rows)
    _count_turns(ports, done, changes, sent.direction)


def _base(sent: Sent, changes: pd.DataFrame, kept: pd.DataFrame, index: pd.Index) -> pd.Series:
    """What both sides hold now in the fields that were written."""
    new, present = wide(changes)
    source = changes.pivot(index="person", columns="field", values="source").reindex(index)
    new, present = new.reindex(index), present.reindex(index).fillna(False).astype(bool)
    pairs, there = {}, {}
    for key in new:
        written = new[key].mask(kept[key].notna(), kept[key]) if key in kept else new[key]
        sides = (source[key], written) if sent.direction == TO_SALESMANAGO else (written, source[key])
        pairs[str(key)], there[str(key)] = sides, present[key]
    return pack(pairs, there, index)


def _read_back(ports: Ports, sent: Sent, done: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Look once whether SALESmanago really emptied what was to be emptied: its documentation does not say.

    Returns:
        The values that it kept, on the index `person`.
    """
    # Tags and flags are taken away, not emptied.
    cleared = changes[changes["new"].isna() & ~changes["field"].str.startswith("tags:")]
    if sent.direction != TO_SALESMANAGO or cleared.empty:
        return pd.DataFrame(index=done.index)
    ids = done.loc[cleared["person"].unique(), "salesmanago_id"]
    cards = [card for page in ports.salesmanago.cards(ids) for card in page]
    frame = Reading(ports, {sent.source.mapping.object: sent.source}).contact_frame(cards)
    values = canonical_salesmanago(sent.source.mapping, frame.set_index("contactId", drop=False))
    kept = values.reindex(ids).set_axis(ids.index)
    still = cleared[
        [pd.notna(kept[key].get(person)) for person, key in zip(cleared["person"], cleared["field"], strict=True)]
    ]
    if len(still):
        people = done.loc[still["person"]].set_axis(still.index)
        found = issues(people, "NOT_CLEARED", field=still["field"], direction=sent.direction)
        ports.ledger.issues.report(ports.run.id, found, ports.now())
    wanted = cleared.pivot(index="person", columns="field", values="field").notna()
    return kept.reindex(columns=wanted.columns).where(wanted).reindex(done.index)


def _count_turns(ports: Ports, done: pd.DataFrame, changes: pd.DataFrame, direction: str) -> None:
    """Remember which way each field went, and how often in a row it has turned."""
    columns = ["id", "salesforce_id", "bounces"]
    bindings = ports.ledger.bindings.read(salesforce_ids=done["salesforce_id"], columns=columns)
    known = bindings.set_index("salesforce_id")
    ids, before = done["salesforce_id"].to_dict(), known["bounces"].to_dict()
    turns: dict[str, dict[str, Any]] = {}
    for person, key, turn in zip(changes["person"], texts_of(changes["field"]), changes["turn"], strict=True):
        record = ids[person]
        if record in before:
            turns.setdefault(record, json.loads(before[record]))[key] = [direction, int(turn)]
    if turns:
        told = pd.Series({record: json.dumps(mine) for record, mine in turns.items()})
        ports.ledger.bindings.update(pd.DataFrame({"id": known.loc[told.index, "id"], "bounces": told}), ports.now())


def _report_refusals(ports: Ports, sent: Sent) -> None:
    """Open an issue for each record, or field, that was refused.

    Whose record moved on while the run was at work is looked at once more in the same run (`newcomers.follow_up`).
    """
    told = [not outcome.ok and (sent.last or outcome.reason not in MOVED_ON) for outcome in sent.outcomes]
    refused = sent.people[told]
    if refused.empty:
        return
    reasons = pd.Series([_reason(outcome, sent.direction) for outcome in sent.outcomes], index=sent.people.index)
    texts = pd.Series([_text(outcome) for outcome in sent.outcomes], index=sent.people.index, dtype=TEXT)
    rows = _refused_rows(sent, refused)
    for reason, mine in rows.groupby(rows["person"].map(reasons), sort=True):
        found = issues(
            mine,
            str(reason),
            field=mine["field"],
            direction=sent.direction,
            text=mine["person"].map(texts),
            values=mine["tried"].map(lambda text: json.dumps({"sent": text})),
        )
        ports.ledger.issues.report(ports.run.id, found, ports.now())


def _refused_rows(sent: Sent, refused: pd.DataFrame) -> pd.DataFrame:
    """One row an issue: `person`, ids, `field` where fields were refused by themselves, and what was tried."""
    changes = sent.changes[sent.changes["person"].isin(refused.index)]
    tried = changes["field"] + "=" + changes["new"].fillna("")
    alone = _by_field(sent, changes)
    whole = tried[~alone].groupby(changes["person"]).agg(";".join).rename("tried").reset_index().assign(field="")
    rows = pd.concat([changes.loc[alone, ["person", "field"]].assign(tried=tried[alone]), whole], ignore_index=True)
    return rows.join(refused[["object", "salesforce_id", "salesmanago_id"]], on="person")


def _by_field(sent: Sent, changes: pd.DataFrame) -> pd.Series:
    """Tell which changes were refused by themselves: also the only one of a write whose value was refused."""
    blamed = [outcome.reason in ABOUT_VALUES and bool(outcome.fields) for outcome in sent.outcomes]
    of_value = changes["person"].map(pd.Series(blamed, index=sent.people.index, dtype="bool")).astype("bool")
    return sent.by_field | (of_value & ~changes["person"].duplicated(keep=False))


def _reason(outcome: Outcome, direction: str) -> str:
    return outcome.reason if outcome.reason is not None else DEFAULT_REASON[direction]


def _text(outcome: Outcome) -> str:
    code = f"{outcome.code}: " if outcome.code is not None else ""
    named = f" [{', '.join(outcome.fields)}]" if outcome.fields else ""
    others = f" candidates: {', '.join(outcome.candidates)}" if outcome.candidates else ""
    return f"{code}{outcome.text}{named}{others}"


def _settle_changes(ports: Ports, reading: Reading, sent: Sent) -> None:
    reasons = [None if outcome.ok else _reason(outcome, sent.direction) for outcome in sent.outcomes]
    state = pd.DataFrame(
        {
            "person": sent.people.index,
            "state": ["done" if outcome.ok else "failed" for outcome in sent.outcomes],
            "reason": pd.Series(reasons, dtype=TEXT),
            "delay_seconds": _delays(sent).to_numpy(),
        }
    )
    columns = ["person", "salesforce_id", "salesmanago_id", "field", "direction"]
    rows = sent.changes[columns].assign(held=_held(reading, sent)).merge(state, on="person")
    ports.ledger.changes.settle(ports.run.id, rows.drop(columns="person"))


def _held(reading: Reading, sent: Sent) -> pd.Series:
    """What was there before, in the spelling of the service, where an undo would need it."""
    updates = sent.changes[sent.changes["action"].ne("create")]
    if sent.direction == TO_SALESMANAGO:
        before = aligned(reading.contacts.set_index("contactId", drop=False), sent.people["salesmanago_id"])
    else:
        before = aligned(
            reading.records[sent.source.mapping.object].set_index("Id", drop=False), sent.people["salesforce_id"]
        )
    return held_before(sent.source.mapping, updates, sent.direction, before).reindex(sent.changes.index)


def _delays(sent: Sent) -> pd.Series:
    """Seconds from a person's edit on one side to its arrival on the other, by the services' own clocks."""
    edited = sent.people[f"{sent.other}_clock"]
    waited: pd.Series = (pd.Timestamp(sent.at) - edited).dt.total_seconds().round()
    # The clocks of two services may differ by some seconds.
    return waited.clip(lower=0).where(sent.accepted).astype("Int64")
