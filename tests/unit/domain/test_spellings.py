"""Two spellings of one value are one value: nothing is written, in whatever way a person or a service spells it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.criteria.language import Leaf
from salesmanago_sync.domain.criteria.mask import mask
from salesmanago_sync.domain.frames import salesmanago_frame
from salesmanago_sync.domain.org.describe import FieldSchema
from salesmanago_sync.domain.tags import holders, spell_tag
from tests.unit.domain.plan.test_plan import CITY, changes, pair, with_fields
from tests.unit.domain.world import World, schema

PHONE = {"salesforce": "Phone", "salesmanago": "phone", "convert": "phone", "region": "PL"}
SCHEMA = schema(Phone=FieldSchema("Phone", "phone", 40))


def world_of(*lines: dict[str, object]) -> World:
    return World(with_fields(*lines), schemas={"Lead": SCHEMA})


@pytest.mark.parametrize(
    ("salesforce", "salesmanago"),
    [
        ("(+48) 601-657-778", "+48601657778"),
        ("022 123 45 67", "+48221234567"),
        ("022 123 45 6", "0221-2345 6"),
        ("999 (999) 999 999", "999999/999999"),
        ("22 123 45 67 ext. 12", "+48 22 123 45 67 wew 12"),
    ],
)
def test_a_number_spelled_another_way_is_no_difference(salesforce: str, salesmanago: str) -> None:
    world = world_of(PHONE)
    lead, contact = pair(world, {"Phone": salesforce}, phone=salesmanago)
    assert changes(world.sync(), "phone") == []
    world.salesmanago.edit(contact, phone=f" {salesmanago} ")
    world.salesforce.edit(lead, Phone=f"{salesforce[:3]} {salesforce[3:]}")
    assert changes(world.sync(), "phone") == []
    assert world.plan().agreement.empty


def test_a_number_that_is_not_understood_travels_as_it_was_typed() -> None:
    world = world_of(PHONE)
    lead, contact = pair(world, {"Phone": "601 123 456"}, phone="601-123-456")
    world.sync()
    world.salesforce.edit(lead, Phone="601 123 / 45")
    world.sync()
    assert world.salesmanago.card(contact)["phone"] == "601 123 / 45"
    world.salesmanago.edit(contact, phone="022 123 45 67")
    world.sync()
    assert world.salesforce.rows[lead]["Phone"] == "+48221234567"


TAGS = {"salesforce": "Interests__c", "salesmanago": "tags", "convert": "tags", "values": ["VIP", "Łódź fans", "NEWS"]}


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("spell", [(composed, decomposed), (decomposed, composed)])
def test_an_accent_is_the_same_in_one_character_or_two(spell: tuple[Callable[[str], str], ...]) -> None:
    world = world_of(CITY, TAGS)
    left, right = spell
    values = {"FirstName": left("Zoë"), "LastName": left("Nowák"), "City": left("Łódź"), "Email": "a@example.com"}
    world.salesforce.insert(**values, Interests__c=left("Łódź fans"))
    contact = world.salesmanago.insert("a@example.com", name=right("Zoë Nowák"), **{"address.city": right("Łódź")})
    world.salesmanago.edit(contact, tags=[right("ŁÓDŹ_FANS")])
    plan = world.sync()
    assert set(plan.changes["field"]) <= {"externalId"}
    assert world.plan().changes.empty


def test_a_tag_with_a_semicolon_is_another_tag() -> None:
    world = world_of(TAGS)
    record, contact = pair(world, tags=["VIP;NEWS", "vip;other"])
    assert world.sync().changes["field"].tolist() == ["externalId"]
    assert world.salesforce.rows[record].get("Interests__c") is None
    world.salesmanago.edit(contact, tags=["VIP;NEWS", "NEWS"])
    world.sync()
    assert world.salesforce.rows[record]["Interests__c"] == "NEWS"
    world.salesforce.edit(record, Interests__c="VIP")
    world.sync()
    assert world.salesmanago.tags(contact) == {"VIP;NEWS", "VIP"}
    assert world.plan().changes.empty


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("AVIPÁ́a ;_", max_size=6), max_size=4), st.text("AVIPÁa _", min_size=1, max_size=4))
def test_who_holds_a_tag_is_asked_tag_by_tag(held: list[str], tag: str) -> None:
    frame = salesmanago_frame([{"contactId": "1", "contactTags": [{"tag": name} for name in held]}])
    wanted = spell_tag(tag)
    expected = any(";" not in name and spell_tag(name) == wanted for name in held) and wanted != ""
    assert holders(frame["tags"], wanted).tolist() == [expected]
    if wanted:
        line = Leaf(field="tags", op="includes", value=tag)
        assert mask(line, frame, {"tags": "multipicklist"}).tolist() == [expected]
