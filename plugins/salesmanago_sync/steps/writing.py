"""Writing: one batch of the plan sent to a service, one outcome a record, remembered as the answers come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.plan.addresses import MOVES
from salesmanago_sync.domain.plan.changes import CONSENT
from salesmanago_sync.domain.staged_frames import PEOPLE, PLANNED_CHANGES
from salesmanago_sync.errors import RetriableError
from salesmanago_sync.steps.approval import approved_scope
from salesmanago_sync.steps.batches import Batch, cut
from salesmanago_sync.steps.duplicates import bind_matches
from salesmanago_sync.steps.freshness import SLOW, Fresh, Freshness
from salesmanago_sync.steps.parts import each_staged, load_part, staged
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import Reading, Source
from salesmanago_sync.steps.salvage import blame
from salesmanago_sync.steps.sending import send_removals, send_to_salesforce, send_to_salesmanago
from salesmanago_sync.steps.settling import DEFAULT_REASON, Sent, settle

NOBODY = {"done": 0, "failed": 0, "dropped": 0}
# So often people are looked at and sent, where a service lets the request wait.
ROUNDS = 4


def write_consent(ports: Ports) -> dict[str, int]:
    """Write opt-outs, both ways, before anything else; then moves to addresses that somebody gives up, in their order.

    Args:
        ports: What the step talks to.

    Returns:
        As `write_batch`.
    """
    total = Counter(NOBODY)
    for number, changes in enumerate(each_staged(ports, PLANNED_CHANGES), start=1):
        consent = changes[changes["lane"].eq(CONSENT)]
        total.update(_write_all(ports, cut(consent, ports.settings.people_per_task, number)))
    for number, changes in enumerate(each_staged(ports, PLANNED_CHANGES), start=1):
        moves = changes[changes["lane"].str.startswith(MOVES)]
        for _, rows in moves.groupby(moves["lane"].str.removeprefix(MOVES).astype("int64"), sort=True):
            _drop_too_early(ports, rows)
            total.update(_write_all(ports, cut(rows, ports.settings.people_per_task, number)))
    return dict(total)


def _drop_too_early(ports: Ports, changes: pd.DataFrame) -> None:
    """Leave to the next run who would take an address that its holder did not give up after all."""
    moved = ports.ledger.changes.read(ports.run.id, field="email", state="done")
    early = changes["after"].ne("") & ~changes["after"].isin([*moved["salesforce_id"], *moved["salesmanago_id"]])
    dropped = changes[early].assign(state="dropped", reason="EMAIL_TAKEN")
    ports.ledger.changes.settle(ports.run.id, dropped)


def write_batches(ports: Ports, work: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Write some batches of the plan (`planning.work_of`), one after the other; as `write_batch`."""
    return _write_all(ports, map(Batch.model_validate, work))


def _write_all(ports: Ports, work: Iterable[Batch]) -> dict[str, int]:
    total = Counter(NOBODY)
    for batch in work:
        total.update(write_batch(ports, batch))
    return dict(total)


def write_batch(ports: Ports, batch: Batch, only: frozenset[int] | None = None) -> dict[str, int]:
    """Write one batch of the plan.

    Safe to repeat: what an earlier try settled is not sent again.

    Args:
        ports: What the step talks to.
        batch: Which people of which part (`batches.cut`).
        only: Of all people of the part, those who are written; everybody of the batch where it is not given.

    Returns:
        `done`, `failed` and `dropped` people.
    """
    people, reading = staged(ports, batch.part, PEOPLE), load_part(ports, batch.part)
    planned = staged(ports, batch.part, PLANNED_CHANGES)
    planned = planned if only is None else planned[planned["person"].isin(only)]
    changes = _still_planned(ports, batch.of_its_people(planned))
    # What is done for each request takes as long as there are rows: the rest of the part is left.
    mine = people.loc[changes["person"].unique()]
    reading, read = reading.of_people(mine), reading.oldest(mine)
    freshness = Freshness(reading, since=read, approved=approved_scope(ports) is not None)
    writer = Writer(ports, reading, checked(ports).account_id, freshness, seen_at=read)
    total = Counter(NOBODY)
    suspect = _was_refused(ports, changes, batch.direction)
    for some in (changes[~suspect], changes[suspect]):
        for group in batch.requests(some):
            ports.keep_lock()
            total.update(writer.write(batch.object, batch.direction, group, people))
    return dict(total)


def _was_refused(ports: Ports, changes: pd.DataFrame, direction: str) -> pd.Series:
    """Point out people of whom the service refused the row: it may refuse again the whole request that they are in."""
    refused = ports.ledger.issues.people_with(DEFAULT_REASON[direction])
    named = {*refused["salesforce_id"], *refused["salesmanago_id"]} - {""}
    return changes["salesforce_id"].isin(named) | changes["salesmanago_id"].isin(named)


def _still_planned(ports: Ports, changes: pd.DataFrame) -> pd.DataFrame:
    keys = ["salesforce_id", "salesmanago_id", "field", "object", "direction"]
    planned = ports.ledger.changes.read_of(ports.run.id, changes, keys, state="planned").drop_duplicates()
    keyed = changes.assign(**{name: changes[name].fillna("") for name in keys})
    return changes[keyed.merge(planned.assign(open=True), on=keys, how="left")["open"].notna().to_numpy()]


@dataclass(slots=True)
class Writer:
    """Sends changes and settles them.

    Attributes:
        ports: What it talks to.
        reading: The records and contacts as they were read.
        account_id: The Salesforce Account of new Contacts.
        freshness: Looks at people before they are written.
        seen_at: When what is sent was read; now, where it is not given.
        last: Whether nobody looks at these people again in this run.
    """

    ports: Ports
    reading: Reading
    account_id: str | None
    freshness: Fresh
    seen_at: datetime | None = None
    last: bool = False

    def write(self, name: str, direction: str, changes: pd.DataFrame, people: pd.DataFrame) -> dict[str, int]:
        """Send the changes of some people of one object in one direction, whom it looks at shortly before.

        Whom a service lets wait for so long that this was not shortly before is looked at and sent once more.

        Returns:
            `done`, `failed` and `dropped` people.

        Raises:
            RetriableError: The services are so slow that not everybody could be sent.
        """
        counts = Counter(NOBODY)
        for _ in range(ROUNDS):
            count = changes["person"].nunique()
            changes, people = self.freshness.renew(changes, people)
            counts["dropped"] += count - changes["person"].nunique()
            if len(changes):
                sent = self._send(self.reading.sources[name], direction, changes, people)
                counts.update("done" if good else "failed" for good in self._settle(sent.only(~sent.unsent)))
                changes = sent.only(sent.unsent).changes
            if changes.empty:
                return dict(counts)
        raise RetriableError(SLOW)

    def _settle(self, sent: Sent) -> list[bool]:
        """Save what can be saved of a request, settle it, and say of each person whether all of it went through."""
        if sent.people.empty:
            return []
        if sent.direction == TO_SALESFORCE:
            sent = self._without_matches(sent)
            sent, _ = self._save_the_rest(sent)
        settle(self.ports, self.reading, sent)
        return [outcome.ok for outcome in sent.outcomes]

    def _send(self, source: Source, direction: str, changes: pd.DataFrame, everybody: pd.DataFrame) -> Sent:
        begun = self.ports.now()
        people = everybody.loc[pd.Index(sorted(changes["person"].unique()), name="person")]
        side = self.ports.salesmanago if direction == TO_SALESMANAGO else self.ports.salesforce
        with side.gate.kept(self.freshness.check):
            if changes["lane"].eq(DELETE).any():
                outcomes = send_removals(self.reading, direction, people)
            elif direction == TO_SALESMANAGO:
                outcomes = send_to_salesmanago(self.reading, source, changes, people)
            else:
                outcomes = send_to_salesforce(self.reading, source, changes, people, self.account_id)
        seen = begun if self.seen_at is None else self.seen_at
        at = side.heard_at or self.ports.now()
        return Sent(source, direction, changes, people, outcomes, seen, begun, at, last=self.last)

    def _without_matches(self, sent: Sent) -> Sent:
        """Take out whom Salesforce already has: they are bound, and merged when they are looked at once more."""
        bound = bind_matches(self.reading, sent.source, sent.people, sent.outcomes)
        if not bound.any():
            return sent
        theirs = sent.changes["person"].isin(bound.index[bound])
        dropped = sent.changes[theirs].assign(state="dropped", reason="DUPLICATE")
        self.ports.ledger.changes.settle(self.ports.run.id, dropped)
        return sent.only(~bound)

    def _save_the_rest(self, sent: Sent) -> tuple[Sent, pd.DataFrame]:
        """Send refused records again without the fields that the refusal blames, and settle what came of it.

        A record that is refused once more, because of another field, goes again without that one, too.

        Returns:
            The outcomes that are still to be settled, and the people who were saved, with the ids of newcomers.
        """
        found = blame(sent.source.mapping, sent.changes, sent.people.index, sent.outcomes)
        if not found.marked.any():
            return sent, sent.people[:0]
        blamed = sent.people.index.isin(sent.changes.loc[found.marked, "person"])
        refused = self._unmoved(sent.only(blamed))
        rest = refused.changes[~found.marked[refused.changes.index]]
        # Harmless: Salesforce refused these records as a whole, so that nothing of them was applied.
        kept, saved = self._save_the_rest(self._send_some(refused, rest))
        settle(self.ports, self.reading, kept.only(kept.accepted.to_numpy()))
        saved = pd.concat([saved, kept.with_ids()[kept.accepted]])
        lost = kept.people.index[~kept.accepted]
        held = refused.only(~refused.people.index.isin(lost))
        held = replace(held, people=_with_ids_of(held.people, saved))
        self._try_apart(held, found.apart[held.changes.index])
        named = held.changes[(found.marked & found.apart.eq(""))[held.changes.index]]
        by_name = held.only(held.people.index.isin(named["person"]))
        settle(self.ports, self.reading, replace(by_name, changes=named, by_field=True))
        return sent.only(~blamed | sent.people.index.isin(lost)), held.people

    def _try_apart(self, held: Sent, words: pd.Series) -> None:
        """Send changes by their words, the first of everybody together, then the second; then those refused, singly.

        As many requests as fields at most, and one more for each address.
        """
        words = words[words.ne("")]
        for _, each in words.groupby(words.groupby(held.changes.loc[words.index, "person"]).transform(_in_order)):
            sent = self._send_some(held, held.changes.loc[each.index])
            several = sent.changes.groupby("person")["person"].transform("size").gt(1)
            again = several & sent.changes["person"].isin(sent.people.index[~sent.accepted])
            settle(self.ports, self.reading, replace(_without(sent, sent.changes[again]), by_field=True))
            self._try_singly(held, sent.changes[again])

    def _try_singly(self, held: Sent, changes: pd.DataFrame) -> None:
        for _, each in changes.groupby(changes.groupby("person").cumcount()):
            settle(self.ports, self.reading, replace(self._send_some(held, each), by_field=True))

    def _unmoved(self, sent: Sent) -> Sent:
        """Leave out who moved since they were looked at."""
        changes = self.freshness.unmoved(sent.changes, sent.people)
        return sent.only(sent.people.index.isin(changes["person"]))

    def _send_some(self, sent: Sent, changes: pd.DataFrame) -> Sent:
        """Send some changes of people whose record was refused, as far as they have not moved meanwhile.

        Raises:
            RetriableError: The service lets them wait.
        """
        changes = self.freshness.unmoved(changes, sent.people)
        people = sent.people[sent.people.index.isin(changes["person"])]
        if changes.empty:
            return replace(sent, changes=changes, people=people, outcomes=[])
        again = self._send(sent.source, sent.direction, changes, people)
        if again.unsent.any():
            raise RetriableError(SLOW)
        return again


def _in_order(words: pd.Series) -> np.ndarray[Any, Any]:
    """Number the words of one person by their first appearance."""
    return pd.factorize(words)[0]


def _without(sent: Sent, changes: pd.DataFrame) -> Sent:
    """Leave out the people whom some changes are about."""
    return sent.only(~sent.people.index.isin(changes["person"]))


def _with_ids_of(people: pd.DataFrame, saved: pd.DataFrame) -> pd.DataFrame:
    """Give newcomers the ids under which they are there now."""
    known = saved["salesforce_id"].reindex(people.index)
    return people.assign(salesforce_id=people["salesforce_id"].fillna(known))
