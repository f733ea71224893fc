"""Batches: how the changes of a part are cut into write tasks, and these into requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import pandas as pd
from pydantic import BaseModel, ConfigDict

from salesmanago_sync.clients.batches import in_batches
from salesmanago_sync.clients.salesmanago import CARDS_AT_ONCE
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.plan.addresses import MOVES
from salesmanago_sync.domain.plan.changes import CONSENT
from salesmanago_sync.domain.staged_frames import SIZES

# One request takes so many rows: SALESmanago batchupsert 100, Salesforce Collections 200.
ROWS = {TO_SALESMANAGO: 100, TO_SALESFORCE: 200}


class Batch(BaseModel):
    """Some people of one object, written to one side together.

    Attributes:
        object: The object.
        direction: The side.
        lane: What of them is written together.
        part: The number of the part whose people they are.
        batch: The number of the batch among those of its kind.
        of: How many of its kind there are.
        size: How many people it has at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: str
    direction: str
    lane: str
    part: int
    batch: int
    of: int
    size: int

    def of_its_people(self, changes: pd.DataFrame) -> pd.DataFrame:
        """Take its own changes of those of the part."""
        mine = changes[
            changes["object"].eq(self.object) & changes["direction"].eq(self.direction) & changes["lane"].eq(self.lane)
        ]
        persons = sorted(mine["person"].unique())
        chosen = persons[(self.batch - 1) * self.size : self.batch * self.size]
        return mine[mine["person"].isin(chosen)]

    def requests(self, changes: pd.DataFrame) -> Iterator[pd.DataFrame]:
        """Cut its changes into requests."""
        return groups(changes, request_size(self.direction, self.lane))


def goes_first(lanes: pd.Series) -> pd.Series:
    """Tell what is written before all else, in order: opt-outs, and moves to an address that somebody gives up."""
    return lanes.eq(CONSENT) | lanes.str.startswith(MOVES).fillna(False).astype(bool)


def cut(changes: pd.DataFrame, size: int, part: int = 1) -> list[Batch]:
    """Cut the changes of a part into batches.

    Args:
        changes: The changes.
        size: How many people a batch has at most.
        part: The number of the part.
    """
    found = []
    for (lane, direction, name), rows in changes.groupby(["lane", "direction", "object"], sort=True):
        of = up(rows["person"].nunique(), size)
        found += [
            Batch(object=name, direction=direction, lane=lane, part=part, batch=number, of=of, size=size)
            for number in range(1, of + 1)
        ]
    return found


def groups(changes: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """Cut changes into requests of so many people."""
    for persons in in_batches(sorted(changes["person"].unique()), size):
        yield changes[changes["person"].isin(persons)]


def request_size(direction: str, lane: str) -> int:
    """Say how many people one request takes."""
    # SALESmanago deletes one contact a request: the last of many would have been looked at long before.
    return 1 if lane == DELETE and direction == TO_SALESMANAGO else ROWS[direction]


def sizes(written_in_turn: Sequence[pd.DataFrame], size: int) -> pd.DataFrame:
    """Count whom each batch of a part writes.

    Args:
        written_in_turn: The changes of the part, or what is written first of them, and what then.
        size: How many people a batch has at most.

    Returns:
        `SIZES`. SALESmanago tells of people whose contact an earlier batch has written: they are looked at, and read
        again where it was more than an opt-out (`looks`).
    """
    found, written, moved, heard = [], set[int](), set[int](), set[int]()
    for changes, batch in ((part, batch) for part in written_in_turn for batch in cut(part, size)):
        mine = batch.of_its_people(changes)
        people = sorted(mine["person"].unique())
        created = mine.loc[mine["action"].eq("create"), "person"].nunique()
        requests = list(in_batches(people, request_size(batch.direction, batch.lane)))
        (_, told), again, approved = (_with_some_of(requests, before) for before in (written, moved, heard))
        found.append([batch.object, batch.direction, batch.lane, len(people), created, told, *again, *approved])
        if batch.direction == TO_SALESMANAGO:
            written.update(people)
            moved.update(people if batch.lane != CONSENT else ())
        heard.update(people)
    return SIZES.frame(found)


def _with_some_of(requests: Iterable[Sequence[int]], people: Collection[int]) -> tuple[int, int]:
    """Count the requests that have some of these people, and how often their cards are asked for."""
    theirs = [count for request in requests if (count := sum(person in people for person in request))]
    return len(theirs), cards_calls(theirs)


def cards_calls(people: Iterable[int]) -> int:
    """Say how often cards are asked for, where each request asks for those of so many people."""
    return sum(up(count, CARDS_AT_ONCE) for count in people)


def up(number: int, size: int) -> int:
    """Say how many requests, or batches, a number of people takes."""
    return -(-number // size)
