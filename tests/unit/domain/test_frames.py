from __future__ import annotations

import json
from string import ascii_letters, digits

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.carriage import UNREADABLE
from salesmanago_sync.domain.frames import (
    are_full_ids,
    as_text,
    full_id,
    full_ids,
    is_id,
    may_be_record,
    salesforce_frame,
    salesmanago_frame,
)


def cell(frame: pd.DataFrame, column: str, row: int = 0) -> object:
    value = frame.at[row, column]
    return None if pd.isna(value) else value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("", None), (0, "0"), (0.0, "0"), (False, "false"), (True, "true"), (3.0, "3"), (12.5, "12.5"),
        (" a ", " a "), (1_700_000_000_000, "1700000000000"), (1e21, str(int(1e21))),
    ],
)  # fmt: skip
def test_json_values_are_spelt_as_text_and_only_null_and_empty_are_blank(value: object, text: str | None) -> None:
    assert as_text(value) == text


def test_salesforce_rows_are_laid_out_with_parents_and_clocks() -> None:
    rows = [
        {
            "Id": "1",
            "Account": {"Name": "Acme"},
            "DoNotCall": False,
            "LastModifiedDate": "2026-01-31T10:00:00.000+0000",
        },
        {"Id": "2", "Account": None, "DoNotCall": None, "LastModifiedDate": None},
    ]
    frame = salesforce_frame(rows, ["Id", "Account.Name", "DoNotCall", "LastModifiedDate"])
    assert list(frame.columns) == ["Id", "Account.Name", "DoNotCall", "LastModifiedDate", "unreadable"]
    assert frame["unreadable"].isna().all()
    assert [cell(frame, "Account.Name", row) for row in (0, 1)] == ["Acme", None]
    assert [cell(frame, "DoNotCall", row) for row in (0, 1)] == ["false", None]
    assert frame.at[0, "LastModifiedDate"] == pd.Timestamp("2026-01-31T10:00:00Z")
    assert pd.isna(frame.at[1, "LastModifiedDate"])


def test_columns_have_their_types_without_any_row() -> None:
    salesforce = salesforce_frame([], ["Id", "SystemModstamp"])
    assert [str(dtype) for dtype in salesforce.dtypes] == ["str", "datetime64[us, UTC]", "str"]
    salesmanago = salesmanago_frame([], ["note"])
    assert str(salesmanago["properties.note"].dtype) == "str"
    assert str(salesmanago["modifiedOn"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("birthday", "text"),
    [
        ({"birthdayYear": 1980, "birthdayMonth": 2, "birthdayDay": 3}, "19800203"),
        ({"birthdayYear": None, "birthdayMonth": 12, "birthdayDay": 31}, "1231"),
        ({"birthdayYear": 980, "birthdayMonth": "2", "birthdayDay": "3"}, "09800203"),
        ({"birthdayYear": 1980, "birthdayMonth": None, "birthdayDay": 3}, None),
        ({}, None),
    ],
)
def test_a_birthday_is_put_together(birthday: dict[str, object], text: str | None) -> None:
    assert cell(salesmanago_frame([{"contactId": "m", **birthday}]), "birthday") == text


def test_a_contact_card_is_laid_out() -> None:
    card = {
        "id": "m1",
        "email": "a@example.com",
        "optedOut": False,
        "score": 0,
        "address": {"city": "Kraków"},
        "contactTags": [{"tag": "SALE"}, {"tag": "NEWS"}, {"tag": "SALE"}, {"tag": ""}],
        "properties": [{"name": "note", "value": "0"}, {"name": "other", "value": "x"}],
        "modifiedOn": 1_769_853_600_000,
    }
    frame = salesmanago_frame([card, {"contactId": "m2"}], ["note"])
    assert frame["contactId"].tolist() == ["m1", "m2"]
    expected = {
        "optedOut": "false",
        "score": "0",
        "address.city": "Kraków",
        "tags": "NEWS;SALE",
        "properties.note": "0",
    }
    assert {key: cell(frame, key) for key in expected} == expected
    assert {key: cell(frame, key, 1) for key in expected} == dict.fromkeys(expected)
    assert frame.at[0, "modifiedOn"] == pd.Timestamp("2026-01-31T10:00:00Z")
    assert "properties.other" not in frame


def test_ids_of_15_characters_are_spelt_with_18() -> None:
    assert full_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    ids = full_ids(pd.Series(["001A0000006Vm9r", "001A0000006Vm9rIAC", None, "x"], dtype="str"))
    assert ids.dropna().tolist() == ["001A0000006Vm9rIAC", "001A0000006Vm9rIAC", "x"]


LETTERS = st.text("aZ09é-\n", min_size=15, max_size=15) | st.text(f"{ascii_letters}{digits}", min_size=15, max_size=15)
LIKE_IDS = st.one_of(
    st.none(), LETTERS.map(full_id), LETTERS.map(lambda text: full_id(text).swapcase()), LETTERS, st.text(max_size=19)
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(LIKE_IDS, max_size=6), st.integers(0, 6))
def test_of_18_characters_the_last_three_must_fit_the_others(typed: list[str | None], start: int) -> None:
    texts = pd.Series(typed, dtype="str").iloc[start:]
    found = are_full_ids(texts)
    known = [isinstance(text, str) and text.isascii() and len(text) == 18 and may_be_record(text) for text in texts]
    assert [found.tolist(), found.index.tolist()] == [known, texts.index.tolist()]


def unreadable_of(frame: pd.DataFrame, row: int = 0) -> list[str]:
    text = frame.at[row, "unreadable"]
    return [] if pd.isna(text) else sorted(json.loads(text))


@pytest.mark.parametrize(
    ("key", "value", "column"),
    [
        ("name", ["a"], "name"), ("name", {"a": 1}, "name"), ("name", UNREADABLE, "name"),
        ("score", float("nan"), "score"),
        ("deleted", "perhaps", "deleted"), ("optedOut", 2, "optedOut"), ("modifiedOn", "soon", "modifiedOn"),
        ("modifiedOn", 10**30, "modifiedOn"), ("modifiedOn", [], "modifiedOn"), ("birthdayYear", [], "birthday"),
        ("contactTags", {"tag": "A"}, "tags"), ("contactTags", [{"tag": 1}], "tags"), ("contactTags", ["A"], "tags"),
        ("properties", {"note": "x"}, "properties.note"), ("properties", ["x"], "properties.note"),
        ("properties", [{"name": "note", "value": []}], "properties.note"),
        ("properties", [{"name": "note", "value": "a"}, {"name": "note", "value": "b"}], "properties.note"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_on_a_card_is_missing_and_named(key: str, value: object, column: str) -> None:
    card = {"contactId": "m1", "email": "a@example.com", "birthdayMonth": 1, "birthdayDay": 1, key: value}
    frame = salesmanago_frame([{"contactId": "m2"}, card], ["note"])
    assert unreadable_of(frame, 0) == []
    assert unreadable_of(frame, 1) == [column]
    assert cell(frame, column, 1) is None


@pytest.mark.parametrize("address", ["Main Street 1", [], {"city": ["a"]}, UNREADABLE])
def test_an_address_is_read_whole_or_not_at_all(address: object) -> None:
    frame = salesmanago_frame([{"contactId": "m1", "address": address}])
    assert unreadable_of(frame) == [f"address.{part}" for part in ("city", "country", "streetAddress", "zipCode")]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({}, ["Account.Name", "IsDeleted", "LastModifiedDate", "Name"]),
        (
            {"Name": ["x"], "IsDeleted": "perhaps", "LastModifiedDate": "soon", "Account": "x"},
            ["Account.Name", "IsDeleted", "LastModifiedDate", "Name"],
        ),
        ({"Name": None, "IsDeleted": "FALSE", "LastModifiedDate": None, "Account": None}, []),
        ({"Name": 5, "IsDeleted": True, "LastModifiedDate": "2026-01-31", "Account": {}}, ["Account.Name"]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_in_a_record_is_missing_and_named(row: dict[str, object], named: list[str]) -> None:
    frame = salesforce_frame([{"Id": "1", **row}], ["Id", "Name", "IsDeleted", "LastModifiedDate", "Account.Name"])
    assert unreadable_of(frame) == named
    assert all(cell(frame, column) is None for column in named)


@pytest.mark.parametrize("value", [None, "", [], UNREADABLE, "a b", "x" * 101])
def test_a_record_without_a_readable_id_has_a_place_of_its_own(value: object) -> None:
    frame = salesforce_frame([{"Id": value, "Email": "a@example.com"}, {"Id": "1", "Email": None}], ["Id", "Email"])
    again = salesforce_frame([{"Id": [], "Email": "a@example.com"}], ["Id", "Email"])
    assert unreadable_of(frame) == ["Id"]
    assert frame["Id"].tolist() == [again.at[0, "Id"], "1"]
    assert not is_id(frame.at[0, "Id"])
    assert "example.com" not in frame.at[0, "Id"]
    assert salesmanago_frame([5, {"id": "m"}])["contactId"].map(is_id).tolist() == [False, True]
