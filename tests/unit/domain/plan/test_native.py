from __future__ import annotations

import json
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.plan.native import salesmanago_rows, to_salesforce
from salesmanago_sync.domain.probe.answers import AccountWays
from tests.unit.domain.world import lead

NOTHING = AccountWays()
MAPPING = lead()
RECORD = {
    "FirstName": "Anna Maria",
    "LastName": "Kowalska",
    "Email": "a@example.com",
    "City": "Kraków",
    "Company": "Acme",
    "Description": None,
    "Interests__c": "NEWS;Mine",
    "HasOptedOutOfEmail": "false",
}


def changes(*rows: tuple[int, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["person", "field", "new"]).astype({"field": "str", "new": "str"})


def sent(*rows: tuple[int, str, str | None], record: dict[str, Any] | None = None) -> dict[str, Any]:
    records = pd.DataFrame([RECORD if record is None else record], index=[0]).astype("str")
    return to_salesforce(MAPPING, changes(*rows), records)[0]


def row(*rows: tuple[int, str, str | None], known: AccountWays = NOTHING, **card: str | None) -> dict[str, Any]:
    people = pd.DataFrame({"email": ["a@example.com"]}).astype("str")
    held = {name if name == "tags" else f"address.{name}": [value] for name, value in card.items()}
    (only,) = salesmanago_rows(MAPPING, changes(*rows), people, pd.DataFrame(held, index=[0]).astype("str"), known)
    return only


def test_only_what_changes_is_sent_to_salesforce() -> None:
    assert sent((0, "address.city", "Gdańsk")) == {"City": "Gdańsk"}
    assert sent((0, "optedOut", "true")) == {"HasOptedOutOfEmail": True}


def test_a_name_keeps_the_split_that_salesforce_knows() -> None:
    assert sent((0, "name", "Anna Maria Nowak")) == {"FirstName": "Anna Maria", "LastName": "Nowak"}


def test_emptying_sends_null_or_the_stand_in_where_salesforce_requires_a_value() -> None:
    assert sent((0, "address.city", None)) == {"City": None}
    assert sent((0, "company", None)) == {"Company": "[not provided]"}


def test_tags_are_gathered_again_and_those_outside_the_mapping_stay() -> None:
    assert sent((0, "tags:SALE", "true"))["Interests__c"].split(";") == ["NEWS", "Mine", "SALE"]
    assert sent((0, "tags:NEWS", None)) == {"Interests__c": "Mine"}
    assert sent((0, "tags:NEWS", None), record=RECORD | {"Interests__c": "NEWS"}) == {"Interests__c": None}


def test_a_field_that_was_not_read_is_not_written() -> None:
    hidden = {field: value for field, value in RECORD.items() if field != "City"}
    assert sent((0, "address.city", "Gdańsk"), (0, "company", "B"), record=hidden) == {"Company": "B"}


def test_people_are_sent_their_own_fields_only() -> None:
    both = changes((0, "address.city", "Gdańsk"), (1, "company", "B"))
    native = to_salesforce(MAPPING, both, pd.DataFrame([RECORD, RECORD]).astype("str"))
    assert native == {0: {"City": "Gdańsk"}, 1: {"Company": "B"}}


def test_every_kind_of_field_has_its_place_in_a_row_of_salesmanago() -> None:
    given = row(
        (0, "name", "Nowak"),
        (0, "properties.note", "0"),
        (0, "tags:NEWS", "true"),
        (0, "tags:SALE", None),
        (0, "optedOut", "true"),
        (0, "externalId", "00Q"),
        (0, "email", "new@example.com"),
        (0, "birthday", "19800203"),
    )
    assert given == {
        "contact": {"email": "a@example.com", "name": "Nowak", "externalId": "00Q"},
        "properties": {"note": "0"},
        "tags": ["NEWS"],
        "removeTags": ["SALE"],
        "forceOptOut": True,
        "newEmail": "new@example.com",
        "birthday": "19800203",
    }


def test_an_opt_in_an_emptied_value_and_an_address_that_stays() -> None:
    assert row((0, "optedOut", "false"))["forceOptIn"] is True
    assert row((0, "company", None))["contact"] == {"email": "a@example.com", "company": ""}
    assert "newEmail" not in row((0, "email", "a@example.com"))


def test_an_address_is_sent_whole() -> None:
    given = row((0, "address.city", "Gdańsk"), city="Kraków", zipCode="00-001", country=None)
    assert given["contact"]["address"] == {"city": "Gdańsk", "zipCode": "00-001"}
    assert "address" not in row((0, "name", "Nowak"), city="Kraków")["contact"]


def test_an_account_that_keeps_what_is_left_out_is_sent_the_changed_parts() -> None:
    known = AccountWays(keeps_address_parts=True)
    given = row((0, "address.city", "Gdańsk"), known=known, city="Kraków", zipCode="00-001")
    assert given["contact"]["address"] == {"city": "Gdańsk"}


def test_what_empties_a_place_is_sent_there() -> None:
    all_three = ((0, "company", None), (0, "address.city", None), (0, "properties.note", None))
    places = {
        "empty_field": lambda sent: sent["contact"]["company"],
        "empty_address": lambda sent: sent["contact"]["address"]["city"],
        "empty_detail": lambda sent: sent["properties"]["note"],
    }
    for name in places:
        sent = row(*all_three, known=AccountWays(**{name: None}), city="Kraków")
        assert {key: read(sent) for key, read in places.items()} == {key: None if key == name else "" for key in places}


def test_a_tag_is_removed_in_every_spelling_where_tags_mind_case() -> None:
    held = {"tags": "Sale;sale;NEWS"}
    assert row((0, "tags:SALE", None), **held)["removeTags"] == ["SALE"]
    minding = row((0, "tags:SALE", None), known=AccountWays(tags_mind_case=True), **held)
    assert minding["removeTags"] == ["SALE", "Sale", "sale"]


VALUES = {
    "name": st.sampled_from([None, "Madonna", "Anna Nowak"]),
    "address.city": st.sampled_from([None, "0", "Gdańsk"]),
    "company": st.sampled_from([None, "B"]),
    "tags:NEWS": st.sampled_from([None, "true"]),
    "optedOut": st.sampled_from(["true", "false"]),
}
FIELDS = {
    "name": {"FirstName", "LastName"},
    "address.city": {"City"},
    "company": {"Company"},
    "tags:NEWS": {"Interests__c"},
    "optedOut": {"HasOptedOutOfEmail"},
}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.fixed_dictionaries({}, optional=VALUES).filter(bool), min_size=1, max_size=5))
def test_a_null_beside_a_value_stays_null(people: list[dict[str, str | None]]) -> None:
    rows = changes(*[(number, key, value) for number, edits in enumerate(people) for key, value in edits.items()])
    native = to_salesforce(MAPPING, rows, pd.DataFrame([RECORD] * len(people)).astype("str"))
    assert json.dumps(native, allow_nan=False)
    for number, edits in enumerate(people):
        assert native[number].keys() == set().union(*(FIELDS[key] for key in edits))
        if "address.city" in edits:
            assert native[number]["City"] == edits["address.city"]
        if edits.get("name") == "Madonna":
            assert (native[number]["FirstName"], native[number]["LastName"]) == (None, "Madonna")
