"""Freshness: what people edit while a run works is read and merged again before anything is written over it.

At most ten seconds before a write request both services are asked what moved since the run had read (`looks`), also
before one that is sent again. Who moved is read again, with everybody whom the merge must see beside them, and decided
about anew. The new decision takes the place of the planned one. Where that takes too long, both are asked once more.

A plan that a person approved is not decided anew: what is no longer as it was approved is left to the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import pandas as pd

from salesmanago_sync.domain.frames import TEXT, among
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR
from salesmanago_sync.domain.plan.arrived import arrived
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.errors import OutdatedError, RetriableError
from salesmanago_sync.steps.extract import add_counterparts
from salesmanago_sync.steps.looks import FRESH_FOR, Looks
from salesmanago_sync.steps.planning import plan_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import Reading, read_news

# No request that writes leaves later than this after both services were asked.
OLDEST = timedelta(seconds=10)
# What is left of it for what lies between a look and its request: rows are made, and the request waits for its turn.
MARGIN = timedelta(seconds=1)
# So often the people of a request are looked at, until a look is fresh when all that it asks for is done.
LOOKS = 3
SLOW = (
    "The services answer so slowly, or let requests wait so often, that what they say of people is old before it can "
    "be written. Nothing more is written. The task tries again."
)
TOO_OLD = f"Not sent: both services were asked more than {OLDEST.seconds} seconds ago."
# The record was converted, merged or deleted since it was read: `newcomers.follow_up` looks once more.
RECORD_GONE = "RECORD_GONE"
MOVED = "MOVED"
# The state of a change that was approved and is left to the next run.
LEFT = "moved"
ENDS = ("DELETED", "CONVERTED", "MERGED")
ACTIVE = (PAIR, CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO)
# Takes what was read, the planned changes of people who moved, what would be planned now, and who is gone; gives what
# is written.
Settle = Callable[[Reading, pd.DataFrame, pd.DataFrame, pd.Index], pd.DataFrame]
SAME = ["person", "field", "direction", "lane", "new"]
AS_SENT = [*SAME, "source"]
AS_APPROVED = ["person", "field", "direction", "lane", "action", "old", "new"]


class Fresh(Protocol):
    """Keeps what is written of people true to what they hold."""

    def renew(self, changes: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give the changes of a request, and the people frame, as they should be now."""

    def unmoved(self, changes: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """Give those changes of a refused request whose people hold what they held."""

    def check(self) -> None:
        """Check that a request may leave, or raise OutdatedError."""


@dataclass(frozen=True, slots=True)
class JustRead:
    """People who were read as a whole just before: what is written of them rests on that reading.

    Attributes:
        ports: What the step talks to.
        at: When they were read.
    """

    ports: Ports
    at: datetime

    def renew(self, changes: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give what is to be written, as long as the reading is young enough.

        Raises:
            RetriableError: It is not.
        """
        return self.unmoved(changes, people), people

    def unmoved(self, changes: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """Give what is to be written, as long as the reading is young enough.

        Raises:
            RetriableError: It is not.
        """
        if self._is_old():
            raise RetriableError(SLOW)
        return changes

    def check(self) -> None:
        """Check that a request may leave.

        Raises:
            OutdatedError: The reading is too old.
        """
        if self._is_old():
            raise OutdatedError(TOO_OLD)

    def _is_old(self) -> bool:
        return self.ports.now() - self.at > OLDEST


@dataclass(slots=True)
class Freshness:
    """Keeps planned changes true to what people do meanwhile.

    Attributes:
        reading: What was read; it learns the newer values.
        since: When the oldest part of it was read.
        asked: When both services were asked last; the reading itself, where it has just been made.
        keep: Which changes of a newer plan are written, and how.
        approved: Whether a person approved the plan.
    """

    reading: Reading
    since: datetime
    asked: datetime | None = None
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda changes: changes
    approved: bool = False
    _looks: Looks = field(init=False)

    def __post_init__(self) -> None:
        self._looks = Looks(self.reading, self.since, self.asked, approved=self.approved)

    def renew(self, changes: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Decide anew about those of a request who moved since they were read.

        Args:
            changes: The planned changes of some people of one object in one direction.
            people: The people frame.

        Returns:
            The changes as they should be now, and the people frame with the newer clocks and addresses.

        Raises:
            RetriableError: The services answer so slowly that no look is fresh when it is done.
        """
        for _ in range(LOOKS):
            if changes.empty:
                return changes, people
            moved = self._moved(changes, people)
            if len(moved):
                settle = _hold_to_plan if self.approved else _replan
                changes, people = recheck(self.reading, changes, people, moved, self.keep, settle)
            if self._age <= OLDEST - MARGIN:
                return changes, people
        raise RetriableError(SLOW)

    def unmoved(self, changes: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """Leave to the next run, which reads them again, those of a refused request who moved meanwhile.

        Args:
            changes: What is sent once more of some people of one object in one direction.
            people: These people.

        Returns:
            The changes of the others.

        Raises:
            RetriableError: The services answer so slowly that no look is fresh when it is done.
        """
        for _ in range(LOOKS):
            if changes.empty or self._age <= FRESH_FOR:
                return changes
            theirs = changes["person"].isin(self._moved(changes, people))
            self._leave(changes[theirs])
            changes = changes[~theirs]
            if self._age <= OLDEST - MARGIN:
                return changes
        raise RetriableError(SLOW)

    def check(self) -> None:
        """Check that a request may leave.

        Raises:
            OutdatedError: What it rests on was asked for too long ago.
        """
        if self._age > OLDEST:
            raise OutdatedError(TOO_OLD)

    @property
    def _age(self) -> timedelta:
        """How long ago the oldest answer was asked for that the last look rests on."""
        asked = self._looks.asked_at
        return timedelta.max if asked is None else self.reading.ports.now() - asked

    def _leave(self, changes: pd.DataFrame) -> None:
        if len(changes):
            ports, state = self.reading.ports, LEFT if self.approved else "dropped"
            ports.ledger.changes.settle(ports.run.id, changes.assign(state=state, reason=MOVED))

    def _moved(self, changes: pd.DataFrame, people: pd.DataFrame) -> pd.Index:
        return self._looks.moved(str(changes["object"].iloc[0]), people.loc[sorted(changes["person"].unique())])


def recheck(
    reading: Reading,
    changes: pd.DataFrame,
    people: pd.DataFrame,
    moved: pd.Index,
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda changes: changes,
    settle: Settle | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read some people of a request again, and merge them again, by value.

    Args:
        reading: What was read; it learns the newer values.
        changes: The planned changes of one object in one direction.
        people: The people frame.
        moved: Whom to look at.
        keep: Which changes of the newer plan are written, and how.
        settle: Tells the ledger what becomes of the planned changes; where nothing is given, newer ones take their
            place.

    Returns:
        The changes as they should be now, and the people frame with the newer clocks.
    """
    persons, theirs = people.loc[moved], changes[changes["person"].isin(moved)]
    name, direction = str(changes["object"].iloc[0]), str(changes["direction"].iloc[0])
    again = plan_of(_read_again(reading, name, persons), [name], direction)
    numbers = _numbers(again.people, persons)
    newer = keep(again.changes[again.changes["lane"].isin(changes["lane"].unique())])
    newer = newer.assign(person=newer["person"].map(numbers)).dropna(subset=["person"]).astype({"person": "int64"})
    newer = newer[~_removals_of_moved(newer, persons, again, numbers)]
    ended = _ended(persons, again, numbers)
    newer = newer[~newer["person"].isin(ended)]
    others = changes[~changes["person"].isin(moved)]
    settled = (settle or _replan)(reading, _without_arrived(reading, theirs, again, numbers), newer, ended)
    fresh = pd.concat([others, settled], ignore_index=True)
    return fresh, _with_newer(people, again.people, numbers)


def _without_arrived(reading: Reading, before: pd.DataFrame, again: Plan, numbers: pd.Series) -> pd.DataFrame:
    """Note as done what an earlier try of the task has written, and could not remember."""
    known = pd.Series(numbers.index, index=numbers)
    people = before["person"].map(known[~known.index.duplicated()])
    there = arrived(again.decisions, before, people)
    if there.any():
        reading.ports.ledger.changes.settle(reading.ports.run.id, before[there].assign(state="done"))
    return before[~there]


def _replan(reading: Reading, before: pd.DataFrame, newer: pd.DataFrame, ended: pd.Index) -> pd.DataFrame:
    """Tell the ledger for whom something else is written now than was planned, and give what is written."""
    ports = reading.ports
    gone = before[before["person"].isin(ended)]
    if len(gone):
        ports.ledger.changes.settle(ports.run.id, gone.assign(state="failed", reason=RECORD_GONE))
    left = before[~before["person"].isin(ended)]
    both = left[AS_SENT].merge(newer[AS_SENT], on=AS_SENT, how="outer", indicator=True)
    other = set(both.loc[both["_merge"].ne("both"), "person"])
    old, new = left[left["person"].isin(other)], newer[newer["person"].isin(other)]
    # The same decision has the reason that it had: our own opt-out of a record is not why its contact is opted out.
    before_it = new[SAME].merge(left[[*SAME, "rule"]].drop_duplicates(SAME), on=SAME, how="left")["rule"]
    new = new.assign(rule=before_it.set_axis(new.index).fillna(new["rule"]).astype(TEXT))
    if other:
        ports.ledger.changes.replan(ports.run.id, old.assign(reason=MOVED), new, ports.now())
    # Who moved without a difference is written as planned, and for the same reason.
    return pd.concat([left[~left["person"].isin(other)], new])


def _hold_to_plan(reading: Reading, before: pd.DataFrame, newer: pd.DataFrame, ended: pd.Index) -> pd.DataFrame:
    """Leave to the next run what is no longer as it was approved; nothing takes its place."""
    now = newer[AS_APPROVED].fillna("").drop_duplicates()
    same = before[AS_APPROVED].fillna("").merge(now, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    # Nobody is created with a part of what was approved.
    as_whole = pd.Series(same, index=before.index).groupby(before["person"]).transform("all")
    held = same & (before["action"].ne("create") | as_whole)
    left = before[~held].assign(state=LEFT, reason=MOVED)
    reading.ports.ledger.changes.settle(reading.ports.run.id, left)
    return before[held]


def _ended(persons: pd.DataFrame, again: Plan, numbers: pd.Series) -> pd.Index:
    """Name those whose record was converted, merged or deleted: they are followed once everything is written."""
    now = again.people.loc[numbers.index].set_axis(pd.Index(numbers), axis=0)
    now = now[~now.index.duplicated()].reindex(persons.index)
    elsewhere = persons["salesforce_id"].isin(again.moves["from_salesforce_id"].dropna())
    bound = persons["status"].eq(PAIR) & persons["salesforce_id"].notna()
    return persons.index[bound & (now["status"].isna() | now["reason"].isin(ENDS) | elsewhere)]


def _removals_of_moved(newer: pd.DataFrame, persons: pd.DataFrame, again: Plan, numbers: pd.Series) -> pd.Series:
    """Point out removals of people whose record or contact was touched: whoever did so did not want them gone.

    What a policy owes stays with the binding, and the next run looks again.
    """
    clocks = ["salesforce_seen", "salesmanago_seen"]
    now = again.people.loc[numbers.index, clocks].set_axis(pd.Index(numbers), axis=0)
    now = now[~now.index.duplicated()].reindex(persons.index)
    same = pd.Series(True, index=persons.index)
    for clock in clocks:
        same &= now[clock].eq(persons[clock]) | (now[clock].isna() & persons[clock].isna())
    return newer["lane"].eq(DELETE) & newer["person"].isin(persons.index[~same])


def _read_again(reading: Reading, name: str, persons: pd.DataFrame) -> Reading:
    # As an incremental run: a full one would read everybody.
    ports = replace(reading.ports, run=reading.ports.run.model_copy(update={"mode": "incremental"}))
    newer = Reading(ports, reading.sources)
    newer.fetch_records(name, persons["salesforce_id"].dropna(), in_scope=True)
    newer.fetch_contacts(persons["salesmanago_id"].dropna(), in_scope=True)
    newcomers = persons[persons["salesforce_id"].isna() | persons["salesmanago_id"].isna()]
    newer.find_records(newcomers["email"].dropna(), in_scope=False)
    newer.find_contacts(newcomers["email"].dropna(), in_scope=False)
    add_counterparts(newer, [name])
    read_news(newer, [name])
    if len(newer.unread([name])):
        raise RetriableError("Somebody else works on the same people at this moment. The task tries again.")
    for key, frame in newer.records.items():
        reading.records[key] = _updated(reading.records[key], frame, "Id")
    reading.contacts = _updated(reading.contacts, newer.contacts, "contactId")
    return newer


def _updated(known: pd.DataFrame, newer: pd.DataFrame, key: str) -> pd.DataFrame:
    if newer.empty:
        return known
    return pd.concat([known[~among(known[key], newer[key])], newer], ignore_index=True)


def _numbers(again: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    """Say which person of the plan each person of the newer plan is."""
    found = pd.Series(pd.NA, index=again.index, dtype="Int64")
    for key in ("salesforce_id", "salesmanago_id"):
        known = persons.dropna(subset=[key])
        found = found.fillna(again[key].map(pd.Series(known.index, index=known[key], dtype="Int64")))
    return found.dropna().astype("int64")


def _with_newer(people: pd.DataFrame, again: pd.DataFrame, numbers: pd.Series) -> pd.DataFrame:
    newer = again.loc[numbers.index].set_axis(pd.Index(numbers, name="person"))
    newer = newer[~newer.index.duplicated()]
    return pd.concat([people.drop(index=newer.index), newer]).sort_index()
