"""Settling: what the ledger learns from the outcomes of a write, as soon as they come in.

A crash forgets one request's outcomes at most, and what it forgets is harmless: an update finds both sides equal the
next time, a create finds the record by its binding, its external id or its address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.domain.base import pack
from salesmanago_sync.domain.canonical import canonical_salesmanago
from salesmanago_sync.domain.findings import issues
from salesmanago_sync.domain.frames import text_series
from salesmanago_sync.domain.merge import TO_SALESMANAGO
from salesmanago_sync.domain.native import wide
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import Reading, Source

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
        at: The service's clock just after the write.
    """

    source: Source
    direction: str
    changes: pd.DataFrame
    people: pd.DataFrame
    outcomes: list[Outcome]
    at: datetime

    @property
    def side(self) -> str:
        """The side that was written."""
        return self.direction.removeprefix("to_")

    @property
    def other(self) -> str:
        """The side that the values came from."""
        return "salesforce" if self.direction == TO_SALESMANAGO else "salesmanago"

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
    done = _with_ids(sent)[sent.accepted]
    if len(done):
        changes = sent.changes[sent.changes["person"].isin(done.index)]
        kept = _read_back(ports, sent, done, changes)
        _remember(ports, sent, done, changes, kept)
    _report_refusals(ports, sent)
    _settle_changes(ports, sent)


def _with_ids(sent: Sent) -> pd.DataFrame:
    """Fill in the ids of newcomers."""
    given = text_series((outcome.id for outcome in sent.outcomes), index=sent.people.index)
    column = f"{sent.side}_id"
    return sent.people.assign(**{column: sent.people[column].fillna(given)})


def _remember(ports: Ports, sent: Sent, done: pd.DataFrame, changes: pd.DataFrame, kept: pd.DataFrame) -> None:
    now = ports.now()
    rows = done[["object", "salesforce_id", "salesmanago_id"]].copy()
    rows["matched_by"] = done["matched_by"].fillna("created")
    rows["base"] = _base(sent, changes, kept, done.index)
    rows[f"{sent.side}_person_clock"] = done[f"{sent.side}_clock"]
    rows[f"{sent.side}_written_at"] = pd.Timestamp(sent.at)
    keys = changes.groupby("person")["field"].agg(lambda fields: json.dumps(sorted(fields)))
    rows[f"{sent.side}_written"] = keys.reindex(done.index).fillna("[]")
    ports.ledger.bind(rows, ports.run.id, now)
    ports.ledger.adopt_issues(rows)
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
        ports.ledger.report_issues(ports.run.id, found, ports.now())
    wanted = cleared.pivot(index="person", columns="field", values="field").notna()
    return kept.reindex(columns=wanted.columns).where(wanted).reindex(done.index)


def _count_turns(ports: Ports, done: pd.DataFrame, changes: pd.DataFrame, direction: str) -> None:
    """Remember which way each field went, and how often in a row it has turned."""
    bindings = ports.ledger.bindings(salesforce_ids=done["salesforce_id"])
    known = bindings.set_index("salesforce_id")[["id", "bounces"]]
    rows = []
    for person, fields in changes.groupby("person"):
        salesforce_id = done.at[person, "salesforce_id"]
        if salesforce_id in known.index:
            turns = json.loads(str(known.at[salesforce_id, "bounces"]))
            turns |= {key: [direction, int(turn)] for key, turn in zip(fields["field"], fields["turn"], strict=True)}
            rows.append({"id": known.at[salesforce_id, "id"], "bounces": json.dumps(turns)})
    if rows:
        ports.ledger.save(pd.DataFrame(rows), ports.now())


def _report_refusals(ports: Ports, sent: Sent) -> None:
    refused = sent.people[~sent.accepted]
    if refused.empty:
        return
    wrong = [outcome for outcome in sent.outcomes if not outcome.ok]
    values = sent.changes[sent.changes["person"].isin(refused.index)]
    tried = values.assign(text=values["field"] + "=" + values["new"].fillna("")).groupby("person")["text"].agg(";".join)
    for reason in sorted({_reason(outcome, sent.direction) for outcome in wrong}):
        chosen = [_reason(outcome, sent.direction) == reason for outcome in wrong]
        found = issues(
            refused[chosen],
            reason,
            direction=sent.direction,
            text=_texts(wrong, chosen, refused.index[chosen]),
            values=tried.reindex(refused.index[chosen]).map(lambda text: json.dumps({"sent": text})),
        )
        ports.ledger.report_issues(ports.run.id, found, ports.now())


def _reason(outcome: Outcome, direction: str) -> str:
    return outcome.reason if outcome.reason is not None else DEFAULT_REASON[direction]


def _texts(outcomes: list[Outcome], chosen: list[bool], index: pd.Index) -> pd.Series:
    texts = []
    for outcome, mine in zip(outcomes, chosen, strict=True):
        if mine:
            code = f"{outcome.code}: " if outcome.code is not None else ""
            blamed = f" [{', '.join(outcome.fields)}]" if outcome.fields else ""
            others = f" candidates: {', '.join(outcome.candidates)}" if outcome.candidates else ""
            texts.append(f"{code}{outcome.text}{blamed}{others}")
    return pd.Series(texts, index=index, dtype="str")


def _settle_changes(ports: Ports, sent: Sent) -> None:
    reasons = [None if outcome.ok else _reason(outcome, sent.direction) for outcome in sent.outcomes]
    state = pd.DataFrame(
        {
            "person": sent.people.index,
            "state": ["done" if outcome.ok else "failed" for outcome in sent.outcomes],
            "reason": pd.Series(reasons, dtype="str"),
            "delay_seconds": _delays(sent).to_numpy(),
        }
    )
    rows = sent.changes[["person", "salesforce_id", "salesmanago_id", "field", "direction"]].merge(state, on="person")
    ports.ledger.settle_changes(ports.run.id, rows.drop(columns="person"))


def _delays(sent: Sent) -> pd.Series:
    """Seconds from a person's edit on one side to its arrival on the other, by the services' own clocks."""
    edited = sent.people[f"{sent.other}_clock"]
    waited: pd.Series = (pd.Timestamp(sent.at) - edited).dt.total_seconds().round()
    # The clocks of two services may differ by some seconds.
    return waited.clip(lower=0).where(sent.accepted).astype("Int64")
