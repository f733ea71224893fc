from __future__ import annotations

import pandas as pd
import pytest

from salesmanago_sync.domain.frames import as_text, full_id, full_ids, salesforce_frame, salesmanago_frame


def cell(frame: pd.DataFrame, column: str, row: int = 0) -> object:
    value = frame.at[row, column]
    return None if pd.isna(value) else value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("", None), (0, "0"), (0.0, "0"), (False, "false"), (True, "true"), (3.0, "3"), (12.5, "12.5"),
        (" a ", " a "), (1_700_000_000_000, "1700000000000"), (1e21, str(int(1e21))), ([1], "[1]"),
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
    frame = salesforce_frame(rows, ["Id", "Account.Name", "DoNotCall", "LastModifiedDate", "Absent"])
    assert list(frame.columns) == ["Id", "Account.Name", "DoNotCall", "LastModifiedDate", "Absent"]
    assert [cell(frame, "Account.Name", row) for row in (0, 1)] == ["Acme", None]
    assert [cell(frame, "DoNotCall", row) for row in (0, 1)] == ["false", None]
    assert frame.at[0, "LastModifiedDate"] == pd.Timestamp("2026-01-31T10:00:00Z")
    assert pd.isna(frame.at[1, "LastModifiedDate"])


def test_columns_have_their_types_without_any_row() -> None:
    salesforce = salesforce_frame([], ["Id", "SystemModstamp"])
    assert [str(dtype) for dtype in salesforce.dtypes] == ["str", "datetime64[us, UTC]"]
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
