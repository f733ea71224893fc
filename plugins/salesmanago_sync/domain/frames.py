"""Frames: what was read from either side, one row a record, every value text or missing.

Clocks are `datetime64[us, UTC]`; every other column has the `str` dtype of pandas 3, in which a missing value is blank.
A column that is not there was not read, and never takes part: absent is not blank.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

SALESFORCE_CLOCKS = ("SystemModstamp", "LastModifiedDate")
SALESMANAGO_CLOCKS = ("createdOn", "modifiedOn")
ADDRESS_PARTS = ("streetAddress", "zipCode", "city", "country")
CARD_FIELDS = (
    "email",
    "name",
    "phone",
    "fax",
    "company",
    "externalId",
    "state",
    "province",
    "optedOut",
    "optedOutPhone",
    "score",
    "deleted",
    "invalid",
    "mainContactOwner",
)


def as_text(value: Any) -> str | None:
    """Spell a JSON value as text; null and the empty string are blank."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def text_series(values: Iterable[Any], index: pd.Index | None = None) -> pd.Series:
    """Make a text column of JSON values."""
    return pd.Series([as_text(value) for value in values], index=index, dtype="str")


def _reach(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def salesforce_frame(rows: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> pd.DataFrame:
    """Lay out Salesforce rows.

    Args:
        rows: Records as the REST API sends them; a parent is a nested record or null.
        fields: The selected field names, parents as `Account.Name`.

    Returns:
        One column per field.
    """
    columns = {field: text_series(_reach(row, field) for row in rows) for field in fields}
    frame = pd.DataFrame(columns, columns=list(fields))
    for clock in SALESFORCE_CLOCKS:
        if clock in frame:
            # The API writes the offset without a colon: 2026-01-31T10:00:00.000+0000.
            frame[clock] = pd.to_datetime(frame[clock], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    return frame


def _birthday(card: Mapping[str, Any]) -> str | None:
    year, month, day = (as_text(card.get(f"birthday{part}")) for part in ("Year", "Month", "Day"))
    if month is None or day is None:
        return None
    return (year.zfill(4) if year is not None else "") + month.zfill(2) + day.zfill(2)


def _tags(card: Mapping[str, Any]) -> str | None:
    names = {str(tag.get("tag", "")) for tag in card.get("contactTags") or []} - {""}
    return ";".join(sorted(names)) if names else None


def _clock(values: Iterable[Any]) -> pd.Series:
    # Milliseconds since 1970, in whole seconds.
    numbers = pd.to_numeric(pd.Series(list(values), dtype="object"), errors="coerce")
    return pd.to_datetime(numbers, unit="ms", utc=True).astype("datetime64[us, UTC]")


def salesmanago_frame(cards: Sequence[Mapping[str, Any]], properties: Iterable[str] = ()) -> pd.DataFrame:
    """Lay out SALESmanago contact cards.

    Args:
        cards: Full cards of `contact/list` or `contact/listById`.
        properties: Names of the standard details to lay out as `properties.<name>`; a card without one has it blank.

    Returns:
        One row a card.
    """
    columns: dict[str, pd.Series] = {
        "contactId": text_series(
            card["contactId"] if card.get("contactId") is not None else card.get("id") for card in cards
        )
    }
    for field in CARD_FIELDS:
        columns[field] = text_series(card.get(field) for card in cards)
    for part in ADDRESS_PARTS:
        columns[f"address.{part}"] = text_series(_reach(card, f"address.{part}") for card in cards)
    columns["birthday"] = text_series(_birthday(card) for card in cards)
    columns["tags"] = text_series(_tags(card) for card in cards)
    details = [{item.get("name"): item.get("value") for item in card.get("properties") or []} for card in cards]
    for name in properties:
        columns[f"properties.{name}"] = text_series(detail.get(name) for detail in details)
    for clock in SALESMANAGO_CLOCKS:
        columns[clock] = _clock(card.get(clock) for card in cards)
    return pd.DataFrame(columns)


def full_id(value: str) -> str:
    """Spell a Salesforce id with 18 characters.

    The last three characters encode which of the first fifteen are capitals, five a character.
    """
    if len(value) != 15:
        return value
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (value[start : start + 5] for start in (0, 5, 10))
    return value + "".join(
        alphabet[sum(1 << bit for bit, char in enumerate(chunk) if "A" <= char <= "Z")] for chunk in chunks
    )


def full_ids(values: pd.Series) -> pd.Series:
    """Spell a column of Salesforce ids with 18 characters."""
    return values.map(full_id, na_action="ignore").astype("str")
