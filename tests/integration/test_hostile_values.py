"""A service that answers anything at all in one field of one person: everybody else is synchronised."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.direct import Direct
from tests.postgres import emptied
from tests.twin_server import TwinServer

# Where a service may lie → the field that its issue names; empty where the whole person waits, None for no issue.
SALESFORCE: dict[str, str | None] = {
    "Id": None,  # asked for by id alone, it is known which record it is
    "IsDeleted": "",
    "IsConverted": "",
    "MasterRecordId": "",
    "Email": "email",
    "LastModifiedDate": "LastModifiedDate",
    "SystemModstamp": None,
    "FirstName": "name",
    "LastName": "name",
    "Phone": "phone",
    "Company": "company",
    "City": "address.city",
    "Country": "address.country",
    "Description": "properties.note",
    "HasOptedOutOfEmail": "optedOut",
    "Title": "properties.job_title",
}
SALESMANAGO: dict[str, str | None] = {
    "id": None,
    "email": "",
    "deleted": "",
    "modifiedOn": "modifiedOn",
    "createdOn": None,
    "name": "name",
    "phone": "phone",
    "company": "company",
    "address": "address.city",
    "address.zipCode": "address.city",
    "properties": "properties.note",
    "properties.note": "properties.note",
    "contactTags": None,
    "optedOut": "optedOut",
    "externalId": "externalId",
    "state": "state",
    "birthdayYear": None,
    "score": None,
}
PLACES = [("salesforce", field) for field in SALESFORCE] + [("salesmanago", field) for field in SALESMANAGO]
# What nobody can read, in any field.
UNREADABLE = [
    '"Anna Lis \\ud83d"',
    '"a\\u0000b"',
    "NaN",
    "-Infinity",
    "1e400",
    "9" * 5_000,
    "[]",
    '["a", {"b": [null]}]',
    '{"name": "Anna", "value": 1}',
    "[" * 60 + "]" * 60,
    '"\udcff"',
]


@dataclass(frozen=True)
class Liar:
    system: str
    field: str
    raw: str | None


class Town:
    """People who are bound: some of whom a service lies, and honest ones."""

    def __init__(self, direct: Direct, liars: list[Liar]) -> None:
        self.direct, self.control, self.liars = direct, direct.control, liars
        self.lied = [f"liar{number}" for number in range(len(liars))]
        self.honest = [f"honest{number}" for number in range(3)]
        self.names = [*self.lied, *self.honest]
        leads = [{**PERSON, "Email": f"{name}@example.com"} for name in self.names]
        self.leads = dict(zip(self.names, self.control.post("/salesforce/Lead", leads)["ids"], strict=True))
        direct.sync("full")
        found = {card["email"].split("@")[0]: number for number, card in direct.cards().items()}
        self.cards = {name: found[name] for name in self.names}
        assert direct.sync() == []

    def lie(self) -> None:
        """Let the services lie from now on."""
        ids = {"salesforce": self.leads, "salesmanago": self.cards}
        self.control.post(
            "/lies",
            [
                {"system": liar.system, "id": ids[liar.system][name], "field": liar.field, "raw": liar.raw}
                for name, liar in zip(self.lied, self.liars, strict=True)
            ],
        )

    def edit(self, word: str) -> None:
        """Let people edit both sides of everybody, and add somebody new on each side."""
        self.direct.later(2)
        for name in self.names:
            self.control.patch(f"/salesforce/Lead/{self.leads[name]}", {"Industry": f"industry {word}"})
            self.control.patch(f"/salesmanago/contacts/{self.cards[name]}", {"fax": f"fax {word}"})
        self.direct.record("Lead", **PERSON, Email=f"{word}.lead@example.com")
        self.direct.contact(f"{word}.card@example.com", name="Ewa Nowa", company="Nowa", state="PROSPECT")

    def arrived(self, word: str) -> set[str]:
        """Who has the edits of both sides on both sides."""
        leads, cards = self.direct.records("Lead"), self.direct.cards()
        return {
            name
            for name in self.names
            if leads[self.leads[name]]["Fax"] == f"fax {word}"
            and _details(cards[self.cards[name]]).get("industry") == f"industry {word}"
        }

    def newcomers(self, word: str) -> list[int]:
        """How many people there are of each newcomer's address, on both sides together."""
        there = [row["Email"] for row in self.direct.records("Lead").values()]
        there += [card["email"] for card in self.direct.cards().values()]
        return [there.count(f"{word}.{side}@example.com") for side in ("lead", "card")]

    def held(self) -> dict[str, Any]:
        """What both sides hold of the fields that nobody has edited, by person."""
        leads, cards = self.direct.records("Lead"), self.direct.cards()
        keys = ("name", "email", "phone", "company", "address", "optedOut", "externalId", "contactTags")
        return {
            name: (
                {key: leads[self.leads[name]][key] for key in (*PERSON, "Email", "HasOptedOutOfEmail")},
                {key: cards[self.cards[name]][key] for key in keys},
                _details(cards[self.cards[name]])["note"],
            )
            for name in self.lied
        }

    def issues(self, name: str) -> set[str]:
        """The fields of a person that nobody could read."""
        found = self.direct.ledger.issues.read_open()
        mine = found["salesforce_id"].eq(self.leads[name]) & found["reason"].eq("UNREADABLE_VALUE")
        return set(found.loc[mine, "field"])


def _details(card: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in card["properties"]}


PERSON = {
    "FirstName": "Jan",
    "LastName": "Nowak",
    "Company": "Acme",
    "City": "Gdańsk",
    "Country": "Poland",
    "Phone": "+48600100200",
    "Description": "note",
    "Title": "boss",
}


Opens = Callable[[], AbstractContextManager[Direct]]


@pytest.fixture(params=["sqlite", "postgresql"])
def anew(request: pytest.FixtureRequest, twin: TwinServer, empty_ledger: Path, tmp_path: Path) -> Opens:
    """Opens the steps of the sync between an empty twin and an empty ledger in either database."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None

    @contextmanager
    def opened() -> Iterator[Direct]:
        twin.control.post("/reset")
        url = None if postgres is None else emptied(postgres)
        with closing(Direct(twin, tmp_path, empty_ledger, ledger_url=url)) as direct:
            yield direct

    return opened


def test_an_unreadable_value_stops_its_own_field_only(anew: Opens) -> None:
    with anew() as direct:
        _lie_about_every_field(direct)


def _lie_about_every_field(direct: Direct) -> None:
    liars = [Liar(*place, raw) for place, raw in zip(PLACES, cycle(UNREADABLE), strict=False)]
    town = Town(direct, liars)
    before = town.held()
    town.lie()
    for mode, word in (("incremental", "one"), ("full", "two")):
        town.edit(word)
        direct.sync(mode)
        arrived = town.arrived(word)
        assert town.newcomers(word) == [2, 2]
        assert arrived >= set(town.honest)
        assert town.held() == before
        for name, liar in zip(town.lied, liars, strict=True):
            field = {"salesforce": SALESFORCE, "salesmanago": SALESMANAGO}[liar.system][liar.field]
            told = town.issues(name)
            if liar.field == "Email" and not told:
                continue  # looked up by the address, the record has it, whatever it says
            assert (field in told) if field is not None else not told, (liar, told)
            assert field == "" or liar.field in ("properties", "properties.note") or name in arrived, liar
    direct.control.delete("/lies")
    direct.sync()
    assert town.arrived("two") == set(town.names)
    left = direct.ledger.issues.read_open()
    assert left.empty, left[["salesforce_id", "salesmanago_id", "field", "reason", "text", "direction"]].to_string()
    assert direct.sync() == []


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**400), 10**400),
        st.floats(),
        st.text(st.characters(), max_size=40),
        st.sampled_from(["true", "TRUE", "1", "\x00", "\ud83d", "\x1b[31m", "\uffff", " ", "x" * 70_000, "2026-01-01"]),
    ),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(st.text(st.characters(), max_size=5), parts, max_size=3)
    ),
    max_leaves=6,
)
RAW = st.one_of(
    st.none(),
    JSON.map(json.dumps),
    JSON.map(lambda value: json.dumps(value, ensure_ascii=False)),
    st.sampled_from(UNREADABLE),
    st.builds(lambda value, key: f'{json.dumps(value)}, "{key}": 1', JSON, st.sampled_from(["x", "email", "Id"])),
)
MANY = int(os.environ.get("HISTORIES", "0"))
few = settings(
    max_examples=MANY or 1,
    deadline=None,
    derandomize=not MANY,
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


# Many examples take as long as they take.
@pytest.mark.timeout(0 if MANY else 300)
@few
@given(raws=st.lists(RAW, min_size=len(PLACES), max_size=len(PLACES)))
def test_whatever_a_service_answers_everybody_else_is_synchronised(anew: Opens, raws: list[str | None]) -> None:
    with anew() as direct:
        town = Town(direct, [Liar(*place, raw) for place, raw in zip(PLACES, raws, strict=True)])
        town.lie()
        town.edit("one")
        direct.sync()
        town.edit("two")
        direct.sync("full")
        assert town.newcomers("two") == [2, 2]
        assert town.arrived("two") >= set(town.honest)


@pytest.mark.parametrize(("field", "raw"), [("Id", "NaN"), ("Email", '"half \\ud83d"')])
def test_nobody_is_made_twice_beside_a_record_that_cannot_be_read(direct: Direct, field: str, raw: str) -> None:
    """A create whose answer was lost, and then a record at its address that does not say what it is."""
    direct.sync("full")
    direct.contact("ewa@example.com", name="Ewa Nowa", company="Nowa", state="PROSPECT")
    direct.control.post(
        "/faults", {"system": "salesforce", "kind": "reset_after", "method": "POST", "path": "composite/sobjects$"}
    )
    direct.sync()
    [identifier] = direct.records("Lead")
    direct.control.post("/lies", {"system": "salesforce", "id": identifier, "field": field, "raw": raw})
    for mode in ("incremental", "full"):
        direct.sync(mode)  # type: ignore[arg-type]
        assert list(direct.records("Lead")) == [identifier]
    direct.control.delete("/lies")
    direct.sync("full")
    assert list(direct.records("Lead")) == [identifier]
    assert list(direct.ledger.bindings.read()["salesforce_id"]) == [identifier]
    assert direct.sync() == []


def test_a_record_that_is_found_by_its_address_has_it_even_if_it_does_not_tell(direct: Direct) -> None:
    direct.sync("full")
    identifier = direct.record("Lead", **PERSON, Email="ewa@example.com")
    direct.later(3_600)
    direct.control.post("/lies", {"system": "salesforce", "id": identifier, "field": "Email", "raw": "[]"})
    direct.contact("ewa@example.com", name="Ewa Nowa", company="Nowa", state="PROSPECT")
    direct.sync()
    assert list(direct.records("Lead")) == [identifier]
