"""Canary: the first people of a plan are written, read back and compared with it before anybody else is written."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.converters.base import as_text
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.canonical import Column
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO, same
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.plan.changes import CONSENT, EXTERNAL_ID
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.staged_frames import PLANNED_CHANGES
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.approval import approved_scope
from salesmanago_sync.steps.batches import cut, goes_first
from salesmanago_sync.steps.parts import each_staged, numbers, staged
from salesmanago_sync.steps.planning import plan_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import WHO, Reading, sources
from salesmanago_sync.steps.writing import NOBODY, write_batch
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)

WAY = ["object", "direction"]
WHOSE = ["salesforce_id", "salesmanago_id"]
KEYS = [*WHOSE, "field", "direction"]
NO_CHANGES = pd.DataFrame(columns=KEYS, dtype=TEXT)
EXAMPLES = 5


def write_first(ports: Ports) -> dict[str, int]:
    """Write the first people of the plan, read them back, and compare.

    Args:
        ports: What the step talks to.

    Returns:
        As `writing.write_batch`; the tasks behind this one write the others.

    Raises:
        FatalError: Somebody does not hold what was planned. Nothing more is written.
    """
    total, written = Counter(NOBODY), [NO_CHANGES]
    for some in _in_turn(ports, ports.run.request.canary or 0):
        for number, chosen in some:
            changes = staged(ports, number, PLANNED_CHANGES)
            mine = changes[changes["person"].isin(chosen) & ~goes_first(changes["lane"])]
            for batch in cut(mine, ports.settings.people_per_task, number):
                total.update(write_batch(ports, batch, frozenset(chosen)))
            written.append(mine)
        # Where all of them moved meanwhile, nothing was sent that could be read back.
        if _settled(ports, pd.concat(written))["state"].isin(["done", "failed"]).any():
            break
    first = [changes[goes_first(changes["lane"])] for changes in each_staged(ports, PLANNED_CHANGES)]
    settled = _settled(ports, pd.concat([*written, *first]))
    different = pd.concat([settled[settled["state"].eq("failed")], _otherwise(ports, settled)], ignore_index=True)
    persons = sum(len(changes.drop_duplicates(WHOSE)) for changes in written)
    log.info("%d people were written first and read back; %d values are not as planned.", persons, len(different))
    if len(different):
        raise FatalError(_words(different))
    return dict(total)


def _in_turn(ports: Ports, count: int) -> Iterator[list[tuple[int, list[int]]]]:
    """Choose first people, and then the next ones, as often as they are asked for."""
    before = defaultdict[int, set[int]](set)
    while some := list(first_people(ports, count, before)):
        yield some
        for number, chosen in some:
            before[number].update(chosen)


def first_people(
    ports: Ports, count: int, before: Mapping[int, Collection[int]] = MappingProxyType({})
) -> Iterator[tuple[int, list[int]]]:
    """Choose people of the first parts, some of each object and direction.

    Args:
        ports: What the step talks to.
        count: How many.
        before: People of each part who are passed over.

    Yields:
        The number of a part, and its people.
    """
    approved = approved_scope(ports) or Scope()
    for number in numbers(ports):
        changes = staged(ports, number, PLANNED_CHANGES)
        mine = ~goes_first(changes["lane"]) & approved.holds(changes) & ~changes["person"].isin(before.get(number, ()))
        ways = changes[mine].drop_duplicates([*WAY, "person"])
        ranked = ways.assign(turn=ways.groupby(WAY).cumcount()).sort_values("turn", kind="stable")
        chosen = ranked["person"].drop_duplicates().head(count).tolist()
        if chosen:
            yield number, chosen
        count -= len(chosen)
        if count <= 0:
            return


def _settled(ports: Ports, planned: pd.DataFrame) -> pd.DataFrame:
    """Say what became of planned changes: their last word, as an earlier attempt of the run may have written, too."""
    told = ports.ledger.changes.read_of(ports.run.id, planned, ["id", "object", *KEYS, "new", "state"])
    last = told.sort_values("id").drop_duplicates(KEYS, keep="last")
    return last.merge(planned[KEYS].fillna("").drop_duplicates(), on=KEYS)


def _otherwise(ports: Ports, settled: pd.DataFrame) -> pd.DataFrame:
    """Read back whoever was written, and find the values that are not what was planned."""
    done = settled[settled["state"].eq("done")]
    bound = ports.ledger.bindings.read(done["salesforce_id"], done["salesmanago_id"], columns=WHO)
    reading = Reading(ports, sources(ports, checked(ports).enabled))
    for name in checked(ports).objects:
        reading.fetch_records(name, bound.loc[bound["object"].eq(name), "salesforce_id"], in_scope=True)
    reading.fetch_contacts(bound["salesmanago_id"], in_scope=True)
    reading.add_successors()
    decided = plan_of(reading, checked(ports).objects).decisions
    return pd.concat([done.iloc[:0], *(_different(decision.pairs, done) for decision in decided)])


def _different(pairs: Pairs, done: pd.DataFrame) -> pd.DataFrame:
    """Find the changes of one object that are not there; whoever is gone since is no fault of the plan."""
    found = [done.iloc[:0]]
    link = as_text(pairs.contacts.get(EXTERNAL_ID, pairs.blank))
    for direction, held, side in ((TO_SALESMANAGO, pairs.m, "salesmanago"), (TO_SALESFORCE, pairs.a, "salesforce")):
        persons = _persons(done[done["direction"].eq(direction)], pairs.people[pairs.lives(side)])
        theirs = done.loc[persons.index]
        found.append(theirs[theirs["field"].eq(DELETE)])
        linked = theirs[theirs["field"].eq(EXTERNAL_ID)]
        found.append(linked[~same(link.reindex(persons[linked.index]), linked["new"])])
        # SALESmanago never shows some fields.
        for column in (column for column in pairs.columns() if column.key in held):
            mine = theirs[theirs["field"].eq(column.key)]
            there = held[column.key].reindex(persons[mine.index]).set_axis(mine.index)
            found.append(mine[~_same(column, there, mine["new"]).to_numpy()])
    return pd.concat(found)


def _persons(changes: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Say of whom each change is, as far as he is among some people: a newcomer was planned with one id."""
    known = [people[side].dropna().drop_duplicates() for side in WHOSE]
    by_id = [changes[ids.name].map(pd.Series(ids.index, index=ids)) for ids in known]
    return by_id[0].fillna(by_id[1]).dropna()


def _same(column: Column, held: pd.Series, planned: pd.Series) -> pd.Series:
    alike = converter(column.line).alike if column.kind == "value" else None
    # A flag that was never set means false; an empty text is a blank.
    blank = "false" if column.kind == CONSENT else ""
    texts = [side if alike is None else alike(side) for side in (held, planned.astype(TEXT))]
    return texts[0].fillna(blank).eq(texts[1].fillna(blank))


def _words(different: pd.DataFrame) -> str:
    """Say what is not as it was planned, with a few ids; never a value."""
    ids = different["salesforce_id"].replace("", None).fillna(different["salesmanago_id"])
    named = ", ".join(f"{key} {field}" for key, field in zip(ids.head(EXAMPLES), different["field"], strict=False))
    return visible(
        f"{len(different)} values of the people who were written first are not as planned, or were refused: {named}. "
        "Nobody else was written. Look at the page Plan, correct the mapping or the records, and run again."
    )
