"""The certificate: planted differences are given the reasons that hold, and every fault is found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from salesmanago_sync.domain.certificate.agreed import KEPT, UNDONE, note_of
from salesmanago_sync.domain.certificate.certificate import Certificate, Count, add_up, counts_of
from salesmanago_sync.domain.certificate.classify import Known, classify
from salesmanago_sync.domain.certificate.reasons import EQUAL, MEANINGS, PERSON, UNEXPLAINED
from salesmanago_sync.domain.org.describe import FieldSchema
from salesmanago_sync.ledger.tables import bindings
from salesmanago_sync.steps.binding import note_differences
from tests.unit.domain.plan.test_plan import CITY, CONSENT, with_fields
from tests.unit.domain.world import World, schema

LINES = (
    CITY,
    CONSENT,
    {"salesforce": "Company", "salesmanago": "company"},
    {"salesforce": "Held__c", "salesmanago": "properties.held", "conflict": "hold"},
    {"salesforce": "One__c", "salesmanago": "properties.one", "direction": "to_salesmanago"},
    {"salesforce": "Short__c", "salesmanago": "properties.short", "truncate": True},
    {"salesforce": "Loud__c", "salesmanago": "properties.loud"},
)
OWN = {name: FieldSchema(name, "string", 5) for name in ("Held__c", "One__c", "Short__c", "Loud__c")}
CITY_KEY = "address.city"


def loud(field: str, value: Any) -> Any:
    """A service that writes one field in capitals."""
    return value.upper() if field == "properties.loud" and value else value


class People:
    """People who are at rest on both sides, and what may befall one of them."""

    def __init__(self, count: int) -> None:
        mapping = with_fields(*LINES, criteria={"salesforce": {"field": "Title", "op": "eq", "value": "CEO"}})
        self.world = World(mapping, schemas={"Lead": schema(**OWN)}, salesmanago_keeps=loud)
        self.ids: list[tuple[str, str]] = []
        for number in range(count):
            email, name = f"p{number}@example.com", f"Person {number}"
            record = self.world.salesforce.insert(FirstName="P", LastName=name, Email=email, Title="CEO", City="Łódź")
            self.ids.append((record, self.world.salesmanago.insert(email, name=f"P {name}")))

    def base(self, number: int, **fields: list[str | None]) -> None:
        """Spoil what the ledger remembers, or mend it."""
        [key] = self.world.ledger.bindings.read(salesforce_ids=[self.ids[number][0]])["id"]
        base = json.dumps({key.replace("__", "."): values for key, values in fields.items()})
        self.world.ledger.bindings.merge_base(pd.DataFrame({"id": [key], "base": [base]}), self.world.clock())

    def note(self, number: int, event: str, field: str, *values: str | None) -> None:
        """Write into the history why two values differ."""
        record, contact = self.ids[number]
        row = ["Lead", record, contact, event, note_of(field, *values)]
        columns = ["object", "salesforce_id", "salesmanago_id", "event", "note"]
        note_differences(self.world.ports, pd.DataFrame([row], columns=columns, dtype="str"))

    # What happens to one before the last synchronisation

    def one_way(self, number: int) -> None:
        self.world.salesmanago.edit(self.ids[number][1], **{"properties.one": "x"})

    def held(self, number: int) -> None:
        self.world.salesforce.edit(self.ids[number][0], Held__c="a")
        self.world.salesmanago.edit(self.ids[number][1], **{"properties.held": "b"})

    def cut(self, number: int) -> None:
        self.world.salesmanago.edit(self.ids[number][1], **{"properties.short": "longer than five"})

    def kept(self, number: int) -> None:
        self.world.salesforce.edit(self.ids[number][0], Loud__c="abc")

    def paused(self, number: int) -> None:
        self.world.salesforce.edit(self.ids[number][0], Title="CTO", City="Gdańsk")

    def stand_in(self, number: int) -> None:
        self.world.salesforce.edit(self.ids[number][0], Company="[not provided]")

    # and after it

    def newer_in_salesforce(self, number: int) -> None:
        self.world.salesforce.edit(self.ids[number][0], City="Sopot")

    def newer_in_salesmanago(self, number: int) -> None:
        self.world.salesmanago.edit(self.ids[number][1], **{CITY_KEY: "Sopot"})

    def default_opt_out(self, number: int) -> None:
        self.world.salesmanago.card(self.ids[number][1])["optedOut"] = True
        self.base(number, optedOut=["false", "true"])
        self.note(number, KEPT, "optedOut", None, "true")

    def undone(self, number: int) -> None:
        self.lost_in_salesmanago(number)
        self.base(number, address__city=["Łódź", "Radom"])
        self.note(number, UNDONE, CITY_KEY, "Łódź", "Radom")

    def newer_after_a_write(self, number: int) -> None:
        self.newer_in_salesforce(number)

    # Faults: nobody did it, or nobody knows

    def lost_after_a_write(self, number: int) -> None:
        self.world.salesforce.rows[self.ids[number][0]]["City"] = "Radom"

    def spoilt_after_a_write(self, number: int) -> None:
        self.lost_after_a_write(number)
        self.base(number, address__city=["Radom", "Toruń"])

    def lost_in_salesmanago(self, number: int) -> None:
        self.world.salesmanago.card(self.ids[number][1])["address"] = {"city": "Radom"}

    def lost_in_salesforce(self, number: int) -> None:
        self.world.salesforce.rows[self.ids[number][0]]["City"] = None

    def spoilt_base(self, number: int) -> None:
        self.lost_in_salesmanago(number)
        self.base(number, address__city=["Łódź", "Radom"])

    def spoilt_consent(self, number: int) -> None:
        self.world.salesmanago.card(self.ids[number][1])["optedOut"] = True
        self.base(number, optedOut=["false", "true"])

    def lost_binding(self, number: int) -> None:
        with self.world.ledger._database.write() as connection:
            connection.execute(sa.delete(bindings).where(bindings.c.salesforce_id == self.ids[number][0]))


Doing = Callable[[People, int], None]
BEFORE: list[tuple[Doing, str, str]] = [
    (People.one_way, "properties.one", "ONE_WAY"),
    (People.held, "properties.held", "HELD"),
    (People.cut, "properties.short", "CUT"),
    (People.kept, "properties.loud", "KEPT"),
    (People.paused, CITY_KEY, "PAUSED"),
    (People.stand_in, "company", "STAND_IN"),
]
AFTER: list[tuple[Doing, str, str]] = [
    (People.newer_in_salesforce, CITY_KEY, "NEWER"),
    (People.newer_in_salesmanago, CITY_KEY, "NEWER"),
    (People.default_opt_out, "optedOut", "DEFAULT_OPT_OUT"),
    (People.undone, CITY_KEY, "UNDONE"),
    (People.lost_in_salesmanago, CITY_KEY, UNEXPLAINED),
    (People.lost_in_salesforce, CITY_KEY, UNEXPLAINED),
    (People.spoilt_base, CITY_KEY, UNEXPLAINED),
    (People.spoilt_consent, "optedOut", UNEXPLAINED),
    (People.lost_binding, "", UNEXPLAINED),
]
# Whose city the last synchronisation has written, and nobody has read back yet.
WRITTEN: list[tuple[Doing, str, str]] = [
    (People.newer_after_a_write, CITY_KEY, "NEWER"),
    (People.lost_after_a_write, CITY_KEY, UNEXPLAINED),
    (People.spoilt_after_a_write, CITY_KEY, UNEXPLAINED),
]
KINDS = [*BEFORE, *AFTER, *WRITTEN]


def planted(count: int, kinds: list[tuple[Doing, str, str]]) -> tuple[People, pd.DataFrame]:
    """Let each person have one of the kinds, in turn, and classify everybody."""
    people = People(count)
    world = people.world
    world.sync()
    of = [kinds[number % len(kinds)] for number in range(count)]
    for number, kind in enumerate(of):
        if kind in BEFORE:
            kind[0](people, number)
    for _ in range(3):
        world.clock.step()
        world.sync()
    for number, kind in enumerate(of):
        if kind in WRITTEN:
            world.salesforce.edit(people.ids[number][0], City="Toruń")
    world.clock.step()
    world.sync()
    since = world.clock()
    world.clock.step()
    for number, kind in enumerate(of):
        if kind not in BEFORE:
            kind[0](people, number)
    known = Known(
        since={"salesforce": since, "salesmanago": since},
        issues=world.ledger.issues.read_open(),
        differences=world.ledger.events.read_called([KEPT, UNDONE], world.ledger.bindings.read()["id"]),
    )
    return people, pd.concat(classify(world.plan(), known), ignore_index=True)


def found(people: People, rows: pd.DataFrame) -> set[tuple[int, str, str]]:
    """What differs: number of the person, field and reason."""
    numbers = {record: number for number, (record, _) in enumerate(people.ids)}
    other = rows[rows["reason"].ne(EQUAL)]
    return {
        (numbers[record], field, reason)
        for record, field, reason in zip(other["salesforce_id"], other["field"], other["reason"], strict=True)
    }


def expected(count: int, kinds: list[tuple[Doing, str, str]]) -> set[tuple[int, str, str]]:
    """What was planted."""
    told = {(number, *kinds[number % len(kinds)][1:]) for number in range(count)}
    # Whoever is paused is so as a person, too.
    return told | {(number, "", "PAUSED") for number, _, reason in told if reason == "PAUSED"}


@pytest.mark.slow
def test_a_thousand_planted_differences_are_explained_and_the_faults_found() -> None:
    people, rows = planted(1000, KINDS)
    assert found(people, rows) == expected(1000, KINDS)
    assert len(KINDS) >= 12
    counts, unexplained = add_up([rows])
    faults = sum(KINDS[number % len(KINDS)][2] == UNEXPLAINED for number in range(1000))
    assert len(unexplained) == faults > 300
    told = Counter[str]()
    for one in counts_of(counts):
        told[one.reason] += one.count
    assert told[UNEXPLAINED] == faults
    assert sum(told.values()) == len(rows)


@pytest.mark.slow
def test_one_of_each_kind_is_what_it_is_and_nothing_else() -> None:
    people, rows = planted(len(KINDS), KINDS)
    assert found(people, rows) == expected(len(KINDS), KINDS)


def test_every_reason_has_its_meaning_in_words() -> None:
    assert all(meaning.endswith((".", "happens on the other.")) for meaning in MEANINGS.values())
    assert not any("  " in meaning for meaning in MEANINGS.values())


def test_the_others_of_an_address_in_doubt_are_counted() -> None:
    counts = [Count("Lead", PERSON, "OPEN_ISSUE", 1), Count("Lead", PERSON, "AMBIGUOUS_MATCH", 2)]
    made = Certificate(datetime(2026, 1, 1, tzinfo=UTC), 1, {}, {}, {}, counts, unexplained=[])
    assert made.by_reason == {"OPEN_ISSUE": 1, "AMBIGUOUS_MATCH": 2}
    assert made.totals == {"people": 3, "equal": 0, "explained": 3, "unexplained": 0}
