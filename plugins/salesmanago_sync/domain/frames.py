"""Frames: what was read from either side, one row a record, every value text or missing.

Clocks are `datetime64[us, UTC]`; every other column has the `str` dtype of pandas 3, in which a missing value is blank.
A column that is not there was not read, and never takes part: absent is not blank. The same holds for a single value
that a service gave in no readable form: it is missing, and `unreadable`, a JSON list, names its column.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from string import ascii_uppercase
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import ExtensionArray

from salesmanago_sync.domain.carriage import UNREADABLE, Unreadable
from salesmanago_sync.domain.tags import join_tags

SALESFORCE_CLOCKS = ("SystemModstamp", "LastModifiedDate")
SALESMANAGO_CLOCKS = ("createdOn", "modifiedOn")
# Flags that decide about a whole record; what is neither true nor false must not count as false.
SALESFORCE_FLAGS = ("IsDeleted", "IsConverted", "IsPersonAccount")
SALESMANAGO_FLAGS = ("optedOut", "optedOutPhone", "deleted")
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

# What `str` stands for where pyarrow is there.
TEXT = pd.StringDtype("pyarrow", na_value=math.nan)
UNREADABLE_COLUMN = "unreadable"
# Stands where a record's own id cannot be read: it keeps its place in matching, and nothing is ever sent to it.
NO_ID = "unreadable-"
# A run lays out nobody some twenty times: these many kinds of frames without rows are kept.
NOBODIES = 64
# Of these a text column is made as they are.
_TEXTS = frozenset({str, type(None)})
_ID = re.compile(r"[\w.@:-]{1,100}", re.ASCII)
# 1 for a capital, 0 for anything else, and the character of the checksum for five of them, the first counting least.
_CAPITALS = defaultdict(lambda: "0", dict.fromkeys(map(ord, ascii_uppercase), "1"))
_CHECK_LETTERS = f"{ascii_uppercase}012345"
_CHECKS = {f"{number:05b}"[::-1]: char for number, char in enumerate(_CHECK_LETTERS)}
_FLAG = {"true": "true", "1": "true", "false": "false", "0": "false"}
_LAST_MILLISECOND = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1000)


def as_text(value: Any) -> str | Unreadable | None:
    """Spell a JSON value as text; null and the empty string are blank, and a list or an object is unreadable."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else json.dumps(value)
    return UNREADABLE


def text_array(texts: Sequence[str | None]) -> ExtensionArray:
    """Hold texts as a column of the `str` dtype; None is missing.

    Some times as fast as a series of them, and by Arrow first, because pandas looks at each whether it is text: a run
    of a few people makes a thousand columns.
    """
    column: ExtensionArray = pd.array(pa.array(texts, pa.large_string()), dtype=TEXT)
    return column


def arrow_of(values: pd.Series | pd.Index) -> pa.Array:
    """Give a text column as one Arrow array: pandas takes ten times as long where there are few people."""
    found = pa.array(values, pa.large_string(), from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def texts_of(values: pd.Series | pd.Index) -> list[Any]:
    """Give the texts of a column as Python's own, None for a missing one.

    By Arrow itself: pandas makes each of them by itself, which takes ten times as long.
    """
    found: list[Any] = arrow_of(values).to_pylist()
    return found


def text_series(values: Iterable[Any], index: pd.Index | None = None) -> pd.Series:
    """Make a text column of JSON values; what is unreadable is missing."""
    texts = [as_text(value) for value in values]
    readable = [None if isinstance(text, Unreadable) else text for text in texts]
    return pd.Series(text_array(readable), index=index, copy=False)


def has_unreadable(frame: pd.DataFrame) -> pd.Series:
    """Tell whose record has a value that could not be read."""
    if UNREADABLE_COLUMN not in frame:
        return pd.Series(False, index=frame.index)
    return frame[UNREADABLE_COLUMN].notna()


def unreadable(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    """Tell where one of some columns could not be read."""
    found = pd.Series(False, index=frame.index)
    if not has_unreadable(frame).any():
        return found
    for column in columns:
        found |= frame[UNREADABLE_COLUMN].str.contains(json.dumps(column), regex=False).fillna(False).astype(bool)
    return found


class _Columns:
    """Columns of a frame in the making, and what of them could not be read."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._named: dict[int, list[str]] = {}
        self._texts: dict[str, list[str | None]] = {}
        self._clocks: dict[str, pd.Series] = {}

    def add(self, name: str, values: Iterable[Any]) -> None:
        """Add a text column of JSON values."""
        self._texts[name] = self._readable(name, values)

    def add_clock(self, name: str, values: Iterable[Any], read: Callable[[pd.Series], pd.Series]) -> None:
        """Add a column of moments; `read` gives the missing value for what it does not understand."""
        # No text column: moments are read of Python's own texts.
        given = pd.Series(self._readable(name, values), dtype="object")
        moments = read(given)
        self._note(name, given.index[given.notna() & moments.isna()])
        self._clocks[name] = moments.astype("datetime64[us, UTC]")

    def _readable(self, name: str, values: Iterable[Any]) -> list[str | None]:
        given = values if isinstance(values, list) else list(values)
        # As nearly every column is: a look at each value would take as long as all the rest of reading.
        if _TEXTS.issuperset(map(type, given)) and "" not in given:
            return given
        texts = [value if type(value) is str and value != "" else as_text(value) for value in given]
        unread = [row for row, text in enumerate(texts) if text is UNREADABLE]
        self._note(name, unread)
        for row in unread:
            texts[row] = None
        return cast(list[str | None], texts)

    def _note(self, name: str, rows: Iterable[int]) -> None:
        for row in rows:
            names = self._named.setdefault(row, [])
            if name not in names:
                names.append(name)

    def frame(self, key: str) -> pd.DataFrame:
        """Give the frame; a row without a readable id has one of its own making."""
        if key in self._texts:
            self._name_rows(key)
        unread: list[str | None] = [None] * self._count
        for row, names in self._named.items():
            unread[row] = json.dumps(names)
        texts = {name: text_array(column) for name, column in self._texts.items()}
        return pd.DataFrame(texts | self._clocks | {UNREADABLE_COLUMN: text_array(unread)}, copy=False)

    def _name_rows(self, key: str) -> None:
        ids = self._texts[key]
        nameless = [row for row, text in enumerate(ids) if text is None or not _ID.fullmatch(text)]
        self._note(key, nameless)
        for row in nameless:
            ids[row] = NO_ID + self._digest(row)

    def _digest(self, row: int) -> str:
        texts = [text for column in self._texts.values() if (text := column[row]) is not None]
        # The address, where there is one: it stays when the record is edited.
        named = [text for text in texts if "@" in text][:1] or texts
        return sha256("\x1f".join(named).encode()).hexdigest()[:16]


def _values(rows: Sequence[Any], path: str) -> list[Any]:
    """Take one value of each row; a key that is not there was not answered."""
    if "." not in path:
        # As nearly every page is: a look at each row would take as long as all the rest of reading.
        with suppress(KeyError, TypeError):
            return list(map(itemgetter(path), rows))
    return [_reach(row, path.split(".")) for row in rows]


def _reach(row: Any, parts: Sequence[str]) -> Any:
    """Follow a path; a parent that is null has no values."""
    value = row
    for part in parts:
        if value is None:
            return None
        value = value.get(part, UNREADABLE) if isinstance(value, Mapping) else UNREADABLE
    return value


def _flag(value: Any) -> Any:
    if type(value) is bool:
        return "true" if value else "false"
    text = as_text(value)
    return _FLAG.get(text.casefold(), UNREADABLE) if isinstance(text, str) else text


def salesforce_frame(rows: Sequence[Any], fields: Sequence[str]) -> pd.DataFrame:
    """Lay out Salesforce rows.

    Args:
        rows: Records as the REST API sends them; a parent is a nested record or null.
        fields: The selected field names, parents as `Account.Name`.

    Returns:
        One column per field, and `unreadable`.
    """
    return _records(rows, fields) if rows else _no_records(tuple(fields)).copy(deep=False)


@lru_cache(maxsize=NOBODIES)
def _no_records(fields: tuple[str, ...]) -> pd.DataFrame:
    return _records([], fields)


def _records(rows: Sequence[Any], fields: Sequence[str]) -> pd.DataFrame:
    return salesforce_columns({field: _values(rows, field) for field in fields}, len(rows))


def salesforce_columns(values: Mapping[str, Sequence[Any]], count: int) -> pd.DataFrame:
    """Lay out Salesforce records that came column by column.

    Args:
        values: For each field as many values as there are records.
        count: How many there are.

    Returns:
        As `salesforce_frame`.
    """
    columns = _Columns(count)
    for field, given in values.items():
        if field in SALESFORCE_CLOCKS:
            columns.add_clock(field, given, _moments)
        else:
            columns.add(field, map(_flag, given) if field in SALESFORCE_FLAGS else given)
    return columns.frame("Id")


def _moments(texts: pd.Series) -> pd.Series:
    # The API writes the offset without a colon: 2026-01-31T10:00:00.000+0000.
    return pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")


def _birthday(card: Mapping[str, Any]) -> str | Unreadable | None:
    year, month, day = (as_text(card.get(f"birthday{part}")) for part in ("Year", "Month", "Day"))
    if UNREADABLE in (year, month, day):
        return UNREADABLE
    if month is None or day is None:
        return None
    return (str(year).zfill(4) if year is not None else "") + str(month).zfill(2) + str(day).zfill(2)


def _tags(card: Mapping[str, Any]) -> str | Unreadable | None:
    given = card.get("contactTags")
    if given is None:
        return None
    names = [_tag(item) for item in given] if isinstance(given, list) else [UNREADABLE]
    return UNREADABLE if UNREADABLE in names else join_tags(name for name in names if isinstance(name, str))


def _tag(item: Any) -> str | Unreadable | None:
    name = item.get("tag") if isinstance(item, Mapping) else UNREADABLE
    return name or None if name is None or isinstance(name, str) else UNREADABLE


def _details(card: Mapping[str, Any]) -> dict[Any, Any] | Unreadable:
    """The standard details by name; one that comes twice with two values has none."""
    given = card.get("properties")
    if given is None:
        return {}
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        return UNREADABLE
    found: dict[Any, Any] = {}
    for item in given:
        name, value = as_text(item.get("name")), item.get("value")
        if name is UNREADABLE:
            return UNREADABLE
        found[name] = value if found.get(name, value) == value else UNREADABLE
    return found


def _address(card: Mapping[str, Any]) -> tuple[Any, ...]:
    """The parts of the address; it is written as a whole, so that one unreadable part makes all unreadable."""
    address = card.get("address")
    if address is None:
        return (None,) * len(ADDRESS_PARTS)
    parts = tuple(as_text(address.get(part)) for part in ADDRESS_PARTS) if isinstance(address, Mapping) else ()
    return parts if parts and UNREADABLE not in parts else (UNREADABLE,) * len(ADDRESS_PARTS)


def _milliseconds(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    # Milliseconds since 1970, in whole seconds.
    return pd.to_datetime(numbers.where(numbers.between(0, _LAST_MILLISECOND)), unit="ms", utc=True)


def salesmanago_frame(cards: Sequence[Any], properties: Iterable[str] = ()) -> pd.DataFrame:
    """Lay out SALESmanago contact cards.

    Args:
        cards: Full cards of `contact/list` or `contact/listById`; a key that is missing is blank.
        properties: Names of the standard details to lay out as `properties.<name>`; a card without one has it blank.

    Returns:
        One row a card, and `unreadable`.
    """
    named = tuple(properties)
    return _cards(cards, named) if cards else _no_cards(named).copy(deep=False)


@lru_cache(maxsize=NOBODIES)
def _no_cards(properties: tuple[str, ...]) -> pd.DataFrame:
    return _cards([], properties)


def _cards(cards: Sequence[Any], properties: Sequence[str]) -> pd.DataFrame:
    cards = [card if isinstance(card, Mapping) else {} for card in cards]
    columns = _Columns(len(cards))
    columns.add(
        "contactId", (card["contactId"] if card.get("contactId") is not None else card.get("id") for card in cards)
    )
    for field in CARD_FIELDS:
        values = [card.get(field) for card in cards]
        columns.add(field, map(_flag, values) if field in SALESMANAGO_FLAGS else values)
    addresses = [_address(card) for card in cards]
    for place, part in enumerate(ADDRESS_PARTS):
        columns.add(f"address.{part}", [address[place] for address in addresses])
    columns.add("birthday", map(_birthday, cards))
    columns.add("tags", map(_tags, cards))
    details = [_details(card) for card in cards]
    for name in properties:
        columns.add(
            f"properties.{name}", (each.get(name) if isinstance(each, dict) else UNREADABLE for each in details)
        )
    for clock in SALESMANAGO_CLOCKS:
        columns.add_clock(clock, (card.get(clock) for card in cards), _milliseconds)
    return columns.frame("contactId")


def is_id(value: Any) -> bool:
    """Tell whether a value can be the id of a record or contact that a service knows."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None and not value.startswith(NO_ID)


def full_id(value: str) -> str:
    """Spell a Salesforce id with 18 characters.

    The last three characters encode which of the first fifteen are capitals, five a character.
    """
    if len(value) != 15:
        return value
    capitals = value.translate(_CAPITALS)
    return value + _CHECKS[capitals[:5]] + _CHECKS[capitals[5:10]] + _CHECKS[capitals[10:]]


def may_be_record(value: Any) -> bool:
    """Tell whether a text can be the id of a Salesforce record; the last three of 18 characters must fit the others."""
    return is_id(value) and value.isalnum() and (len(value) != 18 or full_id(value[:15]) == value)


def full_ids(values: pd.Series) -> pd.Series:
    """Spell a column of Salesforce ids with 18 characters."""
    texts = arrow_of(values)
    short = pc.fill_null(pc.equal(pc.utf8_length(texts), 15), False)
    full = pa.array([full_id(text) for text in texts.filter(short).to_pylist()], pa.large_string())
    return pd.Series(pc.replace_with_mask(texts, short, full), index=values.index, dtype=TEXT, name=values.name)


def are_full_ids(values: pd.Series) -> pd.Series:
    """Tell which texts are Salesforce ids of 18 characters: the last three are the checksum of the others."""
    texts = arrow_of(values)
    shaped = pc.fill_null(pc.match_substring_regex(texts, r"^[A-Za-z0-9]{18}$"), False)
    flags = shaped.to_numpy(zero_copy_only=False)
    letters = _letters(texts.filter(shaped), 18)
    # Bit by bit, the capitals among five characters number a letter of the checksum.
    capitals = (letters[:, :15] >= ord("A")) & (letters[:, :15] <= ord("Z"))
    checks = capitals.reshape(-1, 3, 5) @ (1 << np.arange(5))
    flags[flags] = (np.frombuffer(_CHECK_LETTERS.encode(), np.uint8)[checks] == letters[:, 15:]).all(axis=1)
    return pd.Series(flags, index=values.index)


def _letters(texts: pa.LargeStringArray, size: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Give the letters of texts that all have so many of ASCII, a row each."""
    _, offsets, letters = texts.buffers()
    if not len(texts):
        return np.empty((0, size), np.uint8)
    start = np.frombuffer(offsets, np.int64)[texts.offset]
    return np.frombuffer(letters, np.uint8)[start : start + size * len(texts)].reshape(-1, size)


def aligned(frame: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    """Look up rows of a frame whose index are ids, and put them on the index of `ids`; a row nobody has is missing."""
    rows = frame.set_axis(pd.RangeIndex(len(frame))).reindex(places_of(ids, frame.index))
    rows.index = ids.index
    return rows


def either(flags: np.ndarray[Any, np.dtype[np.bool_]], ones: pd.Series, others: pd.Series) -> pd.Series:
    """Take the texts of one column where a flag says so, and those of another on the same index elsewhere."""
    if not flags.any():
        return others
    texts = pc.if_else(pa.array(flags), arrow_of(ones), arrow_of(others))
    return pd.Series(texts, index=others.index, dtype=TEXT, name=others.name)


def looked_up(frame: pd.DataFrame, key: str, column: str, ids: pd.Series) -> pd.Series:
    """Look up one column of a frame by the ids of its rows, of each id the first, and put it on the index of `ids`."""
    values = frame[column].array.take(places_of(ids, frame[key]), allow_fill=True)
    return pd.Series(values, index=ids.index, copy=False)


def places_of(ids: pd.Series, of: pd.Series | pd.Index) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Say at which place each id is first, -1 where it is nowhere: an index of pandas makes an object of each."""
    places = pc.index_in(arrow_of(ids), value_set=arrow_of(of), skip_nulls=True)
    found: np.ndarray[Any, np.dtype[np.int64]] = pc.fill_null(places, -1).to_numpy().astype(np.int64)
    return found


def among(values: pd.Series, others: pd.Series | Collection[str]) -> pd.Series:
    """Tell which texts of a column are among others; a missing one is where one of the others is missing.

    Arrow itself: the test of the text dtype goes value by value in Python, and a set holds an object for each.
    """
    there = (
        arrow_of(others)
        if isinstance(others, pd.Series)
        else pa.array(list(others), pa.large_string(), from_pandas=True)
    )
    found = pc.is_in(arrow_of(values), value_set=there)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=values.index, dtype="bool")
