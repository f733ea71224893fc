"""Trial: what other mappings would do, on a sample of people from both sides, beside what the present ones do.

Reads only: no lock, nothing in the ledger, nothing in a service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from salesmanago_sync.domain.criteria.language import All, Criterion, Not
from salesmanago_sync.domain.criteria.soql import to_soql
from salesmanago_sync.domain.mapping_files.mapping import Mapping as ObjectMapping
from salesmanago_sync.domain.mapping_files.mapping import Mappings
from salesmanago_sync.domain.org.schema import Schema, criteria_types, takes_part
from salesmanago_sync.domain.plan.difference import (
    OUT,
    SAME,
    STAYS,
    FieldDifference,
    Standing,
    field_differences,
    standings,
)
from salesmanago_sync.domain.plan.plan import Plan, plan
from salesmanago_sync.steps.explaining import stage_objects
from salesmanago_sync.steps.extract import add_counterparts
from salesmanago_sync.steps.org import Org
from salesmanago_sync.steps.planning import inputs_of
from salesmanago_sync.steps.ports import Ports, Staging
from salesmanago_sync.steps.preflight import Account
from salesmanago_sync.steps.reading import Reading, Source, sources
from salesmanago_sync.steps.snapshot import stage_texts

# Contacts are listed by when they were made, or edited; whoever was not of late tells no more of a mapping.
NEW, RECENT = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CriteriaCount:
    """How many Salesforce records one object's criteria let in, in the whole org.

    Attributes:
        object: The object.
        now: How many meet the present criteria; None where the object takes no part now.
        then: How many meet the others; None where the object takes no part then.
        enter: How many meet the others only.
        leave: How many meet the present ones only.
    """

    object: str
    now: int | None
    then: int | None
    enter: int
    leave: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What other mappings would do.

    Attributes:
        criteria: For each object how many Salesforce records enter and leave, in the whole org.
        people: The people of the sample.
        changes: What both plans write to them, what differs first.
        compared: Whether there are present mappings to compare with; with faults there are none.
        calls: How many requests it cost, by service.
    """

    criteria: tuple[CriteriaCount, ...]
    people: tuple[Standing, ...]
    changes: tuple[FieldDifference, ...]
    compared: bool
    calls: dict[str, int]


@dataclass(frozen=True, slots=True)
class Draft:
    """Mappings and the texts that they are read from.

    Attributes:
        mappings: The mappings.
        texts: What each file holds, by path.
    """

    mappings: Mappings
    texts: Mapping[str, bytes]


def try_mappings(
    ports: Ports,
    now: Draft,
    then: Draft,
    size: int,
    read_account: Callable[[], Account],
    new_staging: Callable[[], Staging],
) -> Trial:
    """Plan for a sample of people with two sets of mappings.

    Args:
        ports: What the step talks to, without a run (`hooks.ports.console_ports`).
        now: The present mappings; with faults they are left out.
        then: The others, which fit the org.
        size: How many people the sample has at most, for each object, half of them bound; and how many contacts.
        read_account: Reads the SALESmanago connection's settings.
        new_staging: Makes a place for frames that nobody else sees.
    """
    before = ports.salesforce.calls, ports.salesmanago.calls
    compared, org = not now.mappings.faults, Org(ports)
    objects = _objects(org, now.mappings.whole if compared else (), then.mappings.whole)
    criteria = tuple(_count(ports, name, pair) for name, pair in objects.items())
    records = {name: _records(ports, name, pair, size) for name, pair in objects.items()}
    contacts = _contacts(ports, size)

    def planned(draft: Draft) -> Plan:
        # Clients are shared, so that their calls are counted together; a full run would read everybody.
        run = ports.run.model_copy(update={"mode": "incremental"})
        mine = replace(
            ports,
            run=run,
            staging=new_staging(),
            open_salesforce=lambda: ports.salesforce,
            open_salesmanago=lambda: ports.salesmanago,
        )
        return _plan(mine, draft, records, contacts, org, read_account)

    first, second = planned(now) if compared else None, planned(then)
    changes = sorted(field_differences(first, second), key=lambda one: one.difference == SAME)
    people = sorted(standings(first, second), key=lambda one: (one.effect in (STAYS, OUT), one.now == one.then))
    asked = ports.salesforce.calls - before[0], ports.salesmanago.calls - before[1]
    calls = dict(zip(("salesforce", "salesmanago"), asked, strict=True))
    return Trial(criteria, tuple(people), tuple(changes), compared, calls)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One object in both sets of mappings, as far as it takes part."""

    schema: Schema
    any: ObjectMapping
    now: ObjectMapping | None
    then: ObjectMapping | None

    def count(self, ports: Ports, criterion: Criterion | None) -> int:
        """Count the records that meet a criterion."""
        return ports.salesforce.count(self.any.sobject, self._where(ports, criterion))

    def newest(self, ports: Ports, criterion: Criterion | None, most: int) -> list[str]:
        """Read the ids of the records that meet a criterion and were edited last."""
        return ports.salesforce.newest(self.any.sobject, most, self._where(ports, criterion))

    def _where(self, ports: Ports, criterion: Criterion | None) -> str:
        types = {name: kind for one in self._both for name, kind in criteria_types(one, self.schema).items()}
        written = "" if criterion is None else to_soql(criterion, types, ports.now())
        return " AND ".join(filter(None, [Source(self.any, self.schema).kind, written]))

    @property
    def _both(self) -> list[ObjectMapping]:
        return [one for one in (self.now, self.then) if one is not None]


def _objects(org: Org, now: Sequence[ObjectMapping], then: Sequence[ObjectMapping]) -> dict[str, _Pair]:
    """Give every object that takes part in one set of mappings or in both."""
    found: dict[str, _Pair] = {}
    here, there = ({one.object: one for one in some if one.enabled is not False} for some in (now, then))
    for name, mapping in (there | here).items():
        schema = Schema.from_describe(org.describe(mapping.sobject))
        first, second = (one if one and takes_part(one, schema) else None for one in (here.get(name), there.get(name)))
        if first or second:
            found[name] = _Pair(schema, second or mapping, first, second)
    return found


def _only(mine: ObjectMapping | None, other: ObjectMapping | None) -> tuple[Criterion | None, bool]:
    """Give the criterion of the records that one mapping lets in and the other does not; and whether there are any."""
    if mine is None:
        return None, False
    own = mine.criteria.salesforce
    if other is None:
        return own, True
    foreign = other.criteria.salesforce
    if foreign is None or own == foreign:
        return None, False
    outside: Criterion = Not(**{"not": foreign})
    return outside if own is None else All(all=(own, outside)), True


def _count(ports: Ports, name: str, pair: _Pair) -> CriteriaCount:
    now, then = (None if one is None else pair.count(ports, one.criteria.salesforce) for one in (pair.now, pair.then))
    both = [_only(pair.then, pair.now), _only(pair.now, pair.then)]
    enter, leave = (pair.count(ports, criterion) if some else 0 for criterion, some in both)
    return CriteriaCount(name, now, then, enter, leave)


def _records(ports: Ports, name: str, pair: _Pair, size: int) -> list[str]:
    """Choose records: of those who enter and who leave, who are bound, and who take part."""
    some, found = max(size // 4, 1), list[str]()
    for criterion, any_of_them in (_only(pair.then, pair.now), _only(pair.now, pair.then)):
        found += pair.newest(ports, criterion, some) if any_of_them else []
    found += list(ports.ledger.bindings.newest_living([name], size // 2)["salesforce_id"])
    found += pair.newest(ports, pair.any.criteria.salesforce, size)
    return list(dict.fromkeys(found))[:size]


def _contacts(ports: Ports, size: int) -> list[str]:
    """Choose contacts that were made or edited of late, strangers first."""
    until = ports.salesmanago.server_time()
    ids = ports.salesmanago.recent_ids(until - NEW, until - RECENT, until)
    known = set(ports.ledger.bindings.read(salesmanago_ids=ids, columns=("id", "salesmanago_id"))["salesmanago_id"])
    return sorted(ids, key=known.__contains__)[:size]


def _plan(
    ports: Ports,
    draft: Draft,
    records: Mapping[str, Sequence[str]],
    contacts: Sequence[str],
    org: Org,
    read_account: Callable[[], Account],
) -> Plan:
    """Read the sample as a run with these mappings would, and plan for it."""
    objects = stage_objects(ports, read_account, stage_texts(ports, draft.texts), org)
    reading = Reading(ports, sources(ports, objects))
    for name in objects:
        reading.fetch_records(name, records.get(name, ()), in_scope=True)
    reading.fetch_contacts(contacts, in_scope=True)
    add_counterparts(reading, objects)
    return plan(inputs_of(reading, objects))
