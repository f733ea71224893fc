"""What cannot be read takes no part: it is neither a value nor blank."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.carriage import UNREADABLE
from salesmanago_sync.domain.org.describe import FieldSchema
from salesmanago_sync.domain.plan.plan import Plan
from tests.unit.domain.world import World, lead, schema

# Each plans several times.
pytestmark = pytest.mark.slow

IN_CRITERIA = {"salesmanago": {"field": "state", "op": "eq", "value": "PROSPECT"}}


def pair(world: World, **card: Any) -> tuple[str, str]:
    """Bind one person who agrees on both sides."""
    record = world.salesforce.insert(
        Email="a@example.com", LastName="Nowak", Company="Acme", City="Sopot", Description="x"
    )
    contact = world.salesmanago.insert("a@example.com", **card)
    world.clock.step()
    world.sync()
    world.sync()
    assert world.plan().changes.empty
    return record, contact


def issues(plan: Plan) -> list[tuple[str, str]]:
    return sorted(zip(plan.issues["field"], plan.issues["reason"], strict=True))


def written(plan: Plan) -> set[tuple[str, str]]:
    return set(zip(plan.changes["direction"], plan.changes["field"], strict=True))


@pytest.mark.parametrize("value", [UNREADABLE, ["Gdynia"], {"a": 1}])
@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_an_unreadable_field_is_neither_written_nor_overwritten_and_the_rest_goes(side: str, value: object) -> None:
    world = World(lead())
    record, contact = pair(world)
    if side == "salesforce":
        world.salesforce.edit(record, City=value, Description="new")
        world.salesmanago.edit(contact, **{"address.city": "Hel"})
    else:
        world.salesforce.edit(record, City="Hel", Description="new")
        world.salesmanago.edit(contact, **{"address.city": value})
    plan = world.plan()
    assert written(plan) == {("to_salesmanago", "properties.note")}
    assert issues(plan) == [("address.city", "UNREADABLE_VALUE")]
    world.sync()
    assert world.plan().changes.empty
    world.salesforce.edit(record, City="Hel")
    world.salesmanago.edit(contact, **{"address.city": "Sopot"})
    plan = world.plan()
    assert written(plan) == {("to_salesmanago", "address.city")}
    assert issues(plan) == []


def test_whoever_may_have_left_the_criteria_is_not_treated_as_having_left() -> None:
    world = World(lead(criteria=IN_CRITERIA, on_leave="opt_out"))
    record, contact = pair(world, state="PROSPECT")
    world.salesmanago.edit(contact, state=[1])
    world.salesforce.edit(record, City="Hel")
    plan = world.plan()
    assert written(plan) == set()
    assert issues(plan) == [("", "UNREADABLE_VALUE")]
    assert "state" in plan.issues.at[0, "text"]
    world.salesforce.edit(record, HasOptedOutOfEmail=True)
    assert written(world.plan()) == {("to_salesmanago", "optedOut")}, "an opt-out waits for nothing"
    world.salesmanago.edit(contact, state="OTHER")
    assert written(world.sync()) == {("to_salesmanago", "optedOut")}


@pytest.mark.parametrize("key", ["deleted", "email"])
def test_nothing_is_written_to_a_contact_that_may_be_gone_or_somebody_else(key: str) -> None:
    world = World(lead())
    record, contact = pair(world)
    world.salesmanago.card(contact)[key] = UNREADABLE
    world.salesforce.edit(record, City="Hel", LastName="Maj")
    plan = world.plan()
    assert written(plan) == set()
    assert issues(plan) == [("", "UNREADABLE_VALUE")]


def test_nobody_is_removed_because_of_what_cannot_be_read() -> None:
    world = World(lead(on_delete={"in_salesmanago": "delete"}))
    record, contact = pair(world)
    world.salesforce.edit(record, IsDeleted=True)
    world.salesmanago.card(contact)["email"] = UNREADABLE
    assert written(world.plan()) == set()
    world.salesmanago.card(contact)["email"] = "a@example.com"
    assert written(world.plan()) == {("to_salesmanago", "delete")}


@pytest.mark.parametrize("flag", [UNREADABLE, "perhaps", 7])
def test_nobody_is_created_whose_opt_out_cannot_be_read(flag: object) -> None:
    world = World(lead())
    world.salesforce.insert(Email="a@example.com", LastName="Nowak", HasOptedOutOfEmail=flag)
    world.salesmanago.card(world.salesmanago.insert("b@example.com", name="Maj"))["optedOut"] = flag
    plan = world.plan()
    assert written(plan) == set()
    assert issues(plan) == [("", "UNREADABLE_VALUE")] * 2


def test_who_cannot_tell_an_id_keeps_the_place_in_matching_and_nobody_is_made_twice() -> None:
    world = World(lead())
    record = world.salesforce.insert(Email="a@example.com", LastName="Nowak")
    world.salesforce.rows[record]["Id"] = UNREADABLE
    world.salesmanago.insert("a@example.com", name="Nowak")
    contact = world.salesmanago.insert("b@example.com", name="Maj")
    world.salesmanago.card(contact)["contactId"] = []
    world.salesforce.insert(Email="b@example.com", LastName="Maj")
    plan = world.plan()
    assert written(plan) == set()
    assert issues(plan) == [("", "UNREADABLE_VALUE")] * 2
    assert not plan.issues.astype("str").apply(lambda column: column.str.contains("example.com")).any().any()


def test_the_link_of_another_system_is_not_overwritten_unread() -> None:
    world = World(lead())
    _, contact = pair(world)
    world.salesmanago.card(contact)["externalId"] = {"shop": 1}
    plan = world.plan()
    assert written(plan) == set()
    assert issues(plan) == [("externalId", "UNREADABLE_VALUE")]


def test_an_echo_that_could_not_be_read_is_waited_for() -> None:
    world = World(lead(), salesmanago_keeps=lambda field, value: value.upper() if field == "name" else value)
    record, contact = pair(world)
    world.salesforce.edit(record, LastName="Maj")
    world.sync()
    kept = world.salesmanago.card(contact)["name"]
    world.salesmanago.card(contact)["name"] = UNREADABLE
    world.sync()
    world.salesmanago.card(contact)["name"] = kept
    assert written(world.plan()) == set()


def test_what_was_read_needs_no_column_of_what_was_not() -> None:
    world = World(lead())
    pair(world)
    assert world.records("Lead")["unreadable"].isna().all()
    assert isinstance(world.contacts().drop(columns="unreadable"), pd.DataFrame)


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_no_binding_goes_to_who_cannot_tell_an_id_and_nothing_is_sent_there(side: str) -> None:
    world = World(lead())
    record, contact = pair(world)
    if side == "salesforce":
        world.salesforce.edit(record, IsDeleted=True)
        other = world.salesforce.insert(Email="a@example.com", LastName="Nowak", HasOptedOutOfEmail=False)
        world.salesforce.rows[other]["Id"] = UNREADABLE
    else:
        world.salesmanago.card(contact)["deleted"] = True
        other = world.salesmanago.insert("a@example.com", name="Nowak")
        world.salesmanago.card(other)["contactId"] = UNREADABLE
    plan = world.plan()
    assert plan.moves.empty
    for column in ("salesforce_id", "salesmanago_id"):
        assert not plan.changes[column].str.startswith("unreadable").fillna(False).any()
        assert not plan.agreement[column].str.startswith("unreadable").fillna(False).any()


RATING = {"salesforce": "Rating", "salesmanago": "properties.rating", "convert": "picklist"}
WITH_RATING = {"Lead": schema(Rating=FieldSchema("Rating", "picklist", 80))}
RATED = {**RATING, "values": {"Hot": "A", "Cold": "B"}}


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_a_value_that_the_mapping_does_not_list_is_no_blank(side: str) -> None:
    fields = lead().model_dump(mode="json", exclude_defaults=True)["fields"]
    world = World(lead(fields=[*fields, RATED]), schemas=WITH_RATING)
    record, contact = pair(world, **{"properties.rating": "A"})
    assert world.salesforce.rows[record]["Rating"] == "Hot"
    if side == "salesforce":
        world.salesforce.edit(record, Rating="Warm", Description="new")
    else:
        world.salesmanago.edit(contact, **{"properties.rating": "C", "address.city": "Hel"})
    plan = world.plan()
    assert {field for _, field in written(plan)} == {"properties.note" if side == "salesforce" else "address.city"}
    assert issues(plan) == [("properties.rating", "VALUE_NOT_ALLOWED")]
    world.sync()
    assert world.plan().changes.empty
    world.salesforce.edit(record, Rating="Cold")
    if side == "salesmanago":
        world.salesmanago.edit(contact, **{"properties.rating": "B"})
    world.sync()
    assert (world.plan().changes.empty, issues(world.plan())) == (True, [])


def test_one_way_a_value_that_is_not_listed_does_not_travel() -> None:
    world = World(lead(details=[{**RATED, "salesmanago": "rating"}]), schemas=WITH_RATING)
    record, _ = pair(world)
    world.salesforce.edit(record, Rating="Warm")
    plan = world.plan()
    assert (written(plan), issues(plan)) == (set(), [])
