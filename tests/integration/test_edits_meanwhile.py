"""Every kind of field, of every object, edited on one side before a run and on the other side at any moment of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.guard import guard
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.window import fix_window
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.direct import Direct, plan_everybody, read_contacts
from tests.integration.sync import SETTLED_SECONDS
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT

pytestmark = pytest.mark.slow

SIDES = ("salesforce", "salesmanago")
OTHER = dict(zip(SIDES, reversed(SIDES), strict=True))
SOBJECTS = {"Lead": "Lead", "Contact": "Contact", "PersonAccount": "Account"}
FILES = {"Lead": "lead", "Contact": "contact", "PersonAccount": "person_account"}
COUNTRIES = [("Poland", "PL"), ("Germany", "DE"), ("France", "FR"), ("Italy", "IT"), ("Spain", "ES")]
LEVELS = [("Hot", "A"), ("Warm", "B"), ("Cold", "C"), ("Iced", "D"), ("Gone", "E")]
RANK = {"name": "Rank__c", "type": "double", "precision": 18, "scale": 2}
LEVEL = {"name": "Level__c", "type": "picklist", "length": 255, "picklist": [level for level, _ in LEVELS]}
TAGS = {"name": "Interests__c", "type": "multipicklist", "length": 4099, "picklist": ["Golf", "Chess", "Tennis"]}
LINES = [
    {"salesforce": RANK["name"], "salesmanago": "properties.rank", "convert": "number"},
    {"salesforce": LEVEL["name"], "salesmanago": "properties.level", "convert": "picklist", "values": dict(LEVELS)},
    {"salesforce": TAGS["name"], "salesmanago": "tags", "convert": "tags", "values": TAGS["picklist"]},
]
# The tasks of a run that read, decide or write, in their order; what people did then is read by one of the next.
MOMENTS = (
    "extract_salesmanago",
    "gather_counterparts",
    "plan",
    "bind",
    "write",
    "another write",
    "follow_up",
    "commit",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A field of both sides.

    Attributes:
        field: Its name in Salesforce; of Contacts and Person Accounts the part of an address has a prefix.
        edit: Makes an edit of a contact of the value.
        held: Reads it from a contact.
        value: Gives the n-th value as each side writes it.
        objects: Who has it.
    """

    field: str
    edit: Callable[[Any], dict[str, Any]]
    held: Callable[[dict[str, Any]], Any]
    value: Callable[[int], tuple[Any, Any]]
    objects: tuple[str, ...] = tuple(SOBJECTS)


def plain(field: str, key: str, value: Callable[[int], tuple[Any, Any]], *objects: str) -> Kind:
    """A field at the top of a contact."""
    return Kind(field, lambda new: {key: new}, lambda card: card[key], value, objects or tuple(SOBJECTS))


def part(field: str, key: str, value: Callable[[int], tuple[Any, Any]]) -> Kind:
    """A part of the address."""
    return Kind(field, lambda new: {"address": {key: new}}, lambda card: card["address"][key], value)


def detail(field: str, key: str, value: Callable[[int], tuple[Any, Any]]) -> Kind:
    """A detail of a contact."""

    def held(card: dict[str, Any]) -> Any:
        return next(one["value"] for one in card["properties"] if one["name"] == key)

    return Kind(field, lambda new: {"properties": {key: new}}, held, value)


def text(word: str) -> Callable[[int], tuple[str, str]]:
    """A text that both sides write alike, the number in it."""
    return lambda number: (word.format(number), word.format(number))


def birthday(card: dict[str, Any]) -> str:
    """Read a birthday as a contact is edited."""
    return f"{card['birthdayYear']}{int(card['birthdayMonth']):02}{int(card['birthdayDay']):02}"


KINDS = {
    "name": plain("LastName", "name", text("Nowak{}")),
    "email": plain("Email", "email", text("new{}@example.com")),
    "phone": plain("Phone", "phone", text("+48221234{:03}")),
    "fax": plain("Fax", "fax", text("+48221235{:03}")),
    "company": plain("Company", "company", text("Acme {}"), "Lead"),
    "street": part("Street", "streetAddress", text("Prosta {}")),
    "zip": part("PostalCode", "zipCode", text("00-{:03}")),
    "city": part("City", "city", text("Łódź {}")),
    "country": part("Country", "country", lambda number: COUNTRIES[number % len(COUNTRIES)]),
    "birthday": Kind(
        "Birthdate",
        lambda new: {"birthday": new},
        birthday,
        lambda number: (f"19{number % 100:02}-03-07", f"19{number % 100:02}0307"),
        ("Contact", "PersonAccount"),
    ),
    "note": detail("Description", "note", text("a\n{}")),
    "number": detail("Rank__c", "rank", lambda number: (number + 0.5, f"{number}.5")),
    "level": detail("Level__c", "level", lambda number: LEVELS[number % len(LEVELS)]),
}
# Parts of an address, and what Person Accounts call otherwise.
PREFIXES = {
    **{key: {"Contact": "Mailing", "PersonAccount": "PersonMailing"} for key in ("street", "zip", "city", "country")},
    **{key: {"PersonAccount": "Person"} for key in ("email", "birthday")},
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom one field is edited, first on one side."""

    object: str
    kind: str
    first: str
    record: str
    card: str

    @property
    def field(self) -> str:
        """What Salesforce calls the field."""
        return PREFIXES.get(self.kind, {}).get(self.object, "") + KINDS[self.kind].field


class Town:
    """A Lead, a Contact and a Person Account for each kind of field and each side, synchronised."""

    def __init__(self, direct: Direct) -> None:
        self.direct = direct
        self._numbers = itertools.count()
        # A value of its own for each edit; the address of nobody is that of somebody else.
        self._typed: dict[tuple[Person, str], int] = {}
        whose = [(name, kind, side) for kind, one in KINDS.items() for name in one.objects for side in SIDES]
        records = {one: self._make(*one) for one in whose}
        direct.sync("full")
        cards = {str(card["externalId"]): number for number, card in direct.cards().items()}
        self.people = [Person(*one, record, cards[record]) for one, record in records.items()]

    def _make(self, name: str, kind: str, side: str) -> str:
        email = {"PersonAccount": "PersonEmail"}.get(name, "Email")
        more = {"Lead": {"Company": "Nowak"}, "PersonAccount": {"IsPersonAccount": True}}.get(name, {})
        address = f"{name}.{kind}.{side}@example.com".lower()
        return self.direct.record(SOBJECTS[name], LastName="Nowak", **{email: address}, **more)

    def edit(self, person: Person, side: str) -> None:
        """Type the next value in."""
        number = next(self._numbers)
        here, there = KINDS[person.kind].value(number)
        if side == "salesforce":
            self.direct.control.patch(f"/salesforce/{SOBJECTS[person.object]}/{person.record}", {person.field: here})
        else:
            self.direct.control.patch(f"/salesmanago/contacts/{person.card}", KINDS[person.kind].edit(there))
        self._typed[person, side] = number

    def differences(self) -> list[tuple[Any, ...]]:
        """Name who does not hold on both sides what was typed last."""
        records = {name: self.direct.records(sobject) for name, sobject in SOBJECTS.items()}
        cards, found = self.direct.cards(), []
        for one in self.people:
            held = (records[one.object][one.record][one.field], KINDS[one.kind].held(cards[one.card]))
            meant = KINDS[one.kind].value(max(self._typed[one, side] for side in SIDES))
            if held != meant:
                found.append((one.object, one.kind, one.first, held, meant))
        return found


def tasks(direct: Direct, ports: Ports) -> Iterator[str]:
    """Work a run off; tell each task before its time."""
    objects = preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    yield "extract_salesmanago"
    read_contacts(ports, window)
    yield "gather_counterparts"
    gather_counterparts(ports)
    yield "plan"
    plan_everybody(ports)
    guard(ports)
    yield "bind"
    work = bind_people(ports)
    write_consent(ports)
    for number, some in enumerate(work):
        yield "another write" if number else "write"
        write_batches(ports, some)
    yield "follow_up"
    follow_up(ports)
    yield "commit"
    commit(ports, window)
    close(ports)


@pytest.fixture(scope="module")
def town(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Everybody at rest; each test leaves them so."""
    folder = tmp_path_factory.mktemp("town")
    mappings = folder / "mappings"
    mappings.mkdir()
    direct = Direct(TwinInProcess(), folder, empty_ledger, mappings)
    direct.control.post("/salesmanago/settings", {"tags_move_clock": True})
    for sobject in SOBJECTS.values():
        for field in (RANK, LEVEL, TAGS):
            direct.control.post("/salesforce/fields", {"sobject": sobject, "field": field})
    for file in FILES.values():
        shipped = yaml.safe_load((ROOT / "include" / "mappings" / f"{file}.yaml").read_text(encoding="utf-8"))
        shipped["fields"] += LINES
        (mappings / f"{file}.yaml").write_text(yaml.safe_dump(shipped, sort_keys=False), encoding="utf-8")
    yield Town(direct)
    direct.close()


def run(town: Town, moment: str, edit: Callable[[], None]) -> None:
    """Run once, with edits just before a task, five seconds after what was edited before."""
    direct, seen = town.direct, set[str]()
    direct.later(SETTLED_SECONDS)
    for task in tasks(direct, direct.begun()):
        if task == moment and moment not in seen:
            direct.later(5)
            edit()
        seen.add(task)
    assert moment in seen


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_later_edit_is_on_both_sides_in_the_end(town: Town, moment: str) -> None:
    direct = town.direct
    direct.later(3600)
    for person in town.people:
        town.edit(person, person.first)

    def edit() -> None:
        for person in town.people:
            town.edit(person, OTHER[person.first])

    run(town, moment, edit)
    direct.sync()
    assert town.differences() == []
    assert direct.ledger.issues.read_open().empty
    assert direct.sync() == []


@pytest.mark.parametrize("side", SIDES)
def test_tags_that_both_sides_give_are_kept(town: Town, side: str) -> None:
    direct = town.direct
    person = next(one for one in town.people if (one.object, one.kind, one.first) == ("Contact", "note", side))
    give = {
        "salesforce": lambda: direct.control.patch(f"/salesforce/Contact/{person.record}", {TAGS["name"]: "Golf"}),
        "salesmanago": lambda: direct.control.patch(f"/salesmanago/contacts/{person.card}", {"tags": ["CHESS"]}),
    }
    direct.later(3600)
    give[side]()
    run(town, "write", give[OTHER[side]])
    direct.sync()
    assert set(direct.records("Contact")[person.record][TAGS["name"]].split(";")) == {"Golf", "Chess"}
    assert {tag["tag"] for tag in direct.cards()[person.card]["contactTags"]} >= {"GOLF", "CHESS"}
    assert direct.sync() == []
