"""Two spellings of one value are one value: nothing is written, in whatever way a person or a service spells it."""

from __future__ import annotations

import pytest

from salesmanago_sync.domain.describe import FieldSchema
from tests.unit.domain.test_plan import changes, pair, with_fields
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
