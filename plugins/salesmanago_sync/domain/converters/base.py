"""What a converter is: how one mapping line's values are read from and written to either side.

Reading gives canonical text, one spelling a value, blank when there is none; writing gives JSON values. For every
canonical column `c`: `from_salesmanago(to_salesmanago(c)) == c`, `from_salesforce(to_salesforce(c, current)) == c`, and
reading a canonical value gives it back (in Salesforce, where `values` does not give it other names). A value that a
converter cannot use stays the text that it is, so that the other side refuses it and the refusal is reported, rather
than the value being lost.
"""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmanago_sync.domain.frames import TEXT, arrow_of, texts_of

BOTH = frozenset({"both", "to_salesmanago", "to_salesforce"})


class LineOptions(Protocol):
    """The part of a mapping line that converters look at."""

    @property
    def salesforce(self) -> tuple[str, ...]:
        """Salesforce fields."""

    @property
    def salesmanago(self) -> str:
        """The field key."""

    @property
    def convert(self) -> str:
        """Name of the converter."""

    @property
    def direction(self) -> str:
        """Which way values travel."""

    @property
    def region(self) -> str | None:
        """Country of numbers that name none."""

    @property
    def values(self) -> Mapping[str, str] | Sequence[str] | None:
        """Salesforce values, or what each is in SALESmanago."""

    @property
    def value(self) -> object:
        """What a constant writes."""

    @property
    def places(self) -> Mapping[str, str] | None:
        """What the org calls each country, by ISO code."""

    @property
    def single(self) -> bool:
        """Whether the Salesforce field holds one value of a list, and not several."""

    @property
    def states(self) -> Mapping[str, Mapping[str, str]] | None:
        """What the org calls the states of each country (`state.states`)."""


class Bound(ABC):
    """A converter bound to a mapping line."""

    def __init__(self, line: LineOptions) -> None:
        self.line = line

    @abstractmethod
    def from_salesforce(self, values: pd.DataFrame) -> pd.Series:
        """Read the line's Salesforce columns, in their order, as canonical text."""

    @abstractmethod
    def from_salesmanago(self, values: pd.Series) -> pd.Series:
        """Read a SALESmanago column as canonical text."""

    @abstractmethod
    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        """Write canonical text as JSON values for the line's Salesforce fields; blank is None.

        Args:
            canonical: What is to be written.
            current: The line's Salesforce columns as they are now, all blank for a new record.
        """

    @abstractmethod
    def to_salesmanago(self, canonical: pd.Series) -> pd.Series:
        """Write canonical text as JSON values for SALESmanago; blank is None."""

    def within(self, canonical: pd.Series, countries: pd.Series) -> pd.Series:
        """Give canonical values the meaning that they have in the country beside them, blank where there is none."""
        return canonical

    def alike(self, canonical: pd.Series) -> pd.Series:
        """Give what canonical values are compared by, where two of them may differ and mean the same."""
        return canonical

    @property
    def has_spellings(self) -> bool:
        """Whether two canonical values may differ and mean the same."""
        return type(self).alike is not Bound.alike


@dataclass(frozen=True, slots=True)
class Converter:
    """A named converter.

    Attributes:
        name: What `convert` says in a mapping.
        bind: Makes it ready for one mapping line.
        options: Keys of a mapping line that it understands.
        required: Those of them that it cannot do without.
        directions: The directions that it can take.
        fields: How many Salesforce fields a line may have.
        faults: Says what is wrong with the options of a line.
    """

    name: str
    bind: Callable[[LineOptions], Bound]
    options: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    directions: frozenset[str] = BOTH
    fields: frozenset[int] = frozenset({1})
    faults: Callable[[LineOptions], list[str]] = lambda line: []


class Scalar(Bound):
    """A converter of one field to one field, value by value: each different value is converted once."""

    def read(self, text: str) -> str | None:
        """Read one value of either side; what differs between the sides overrides the two methods below."""
        return text

    def read_salesforce(self, text: str) -> str | None:
        """Read one Salesforce value."""
        return self.read(text)

    def read_salesmanago(self, text: str) -> str | None:
        """Read one SALESmanago value."""
        return self.read(text)

    def write_salesforce(self, canonical: str) -> Any:
        """Write one value for Salesforce."""
        return canonical

    def write_salesmanago(self, canonical: str) -> Any:
        """Write one value for SALESmanago."""
        return canonical

    def from_salesforce(self, values: pd.DataFrame) -> pd.Series:
        """Read the line's Salesforce column as canonical text."""
        return canonical_text(values[self.line.salesforce[0]], self.read_salesforce)

    def from_salesmanago(self, values: pd.Series) -> pd.Series:
        """Read a SALESmanago column as canonical text."""
        return canonical_text(values, self.read_salesmanago)

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        """Write canonical text as JSON values for the line's Salesforce field."""
        return json_values(canonical, self.write_salesforce).to_frame(self.line.salesforce[0])

    def to_salesmanago(self, canonical: pd.Series) -> pd.Series:
        """Write canonical text as JSON values for SALESmanago."""
        return json_values(canonical, self.write_salesmanago)


def as_text(values: pd.Series) -> pd.Series:
    """Spell a column as text, trimmed, composed; a clock in ISO 8601; empty is blank.

    A letter and its accent are one character (NFC): canonically equal text is equal.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    # Arrow itself: pandas takes ten times as long where there are few people.
    raw = arrow_of(values.astype(TEXT))
    text = pc.utf8_trim_whitespace(_composed(raw))
    blank = pa.scalar(None, type=pa.large_string())
    return pd.Series(pc.if_else(pc.equal(text, ""), blank, text), index=values.index, dtype=TEXT, name=values.name)


def _composed(texts: pa.Array) -> pa.Array:
    # Python's own tables: `utf8_normalize` of Arrow before 26 takes letters apart where it is asked to compose them.
    ascii_only = pc.fill_null(pc.string_is_ascii(texts), True)
    if pc.all(ascii_only).as_py() is not False:
        return texts
    others = pc.invert(ascii_only)
    coded = texts.filter(others).dictionary_encode()
    composed = [unicodedata.normalize("NFC", text) for text in coded.dictionary.to_pylist()]
    return pc.replace_with_mask(texts, others, pa.array(composed, pa.large_string()).take(coded.indices))


def per_unique(values: pd.Series, convert: Callable[[str], Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Convert a text column, each different value once; blank becomes None."""
    codes, uniques = pd.factorize(values)
    results = np.empty(len(uniques) + 1, dtype=object)
    for position, text in enumerate(texts_of(uniques)):
        results[position] = convert(text)
    # A blank has the code -1, which is the last place.
    return results[codes]


def text_per_unique(values: pd.Series, convert: Callable[[str], str | None]) -> pd.Series:
    """Turn a text column into another, each different value once; blank stays blank, and what becomes empty is."""
    coded = arrow_of(values).dictionary_encode()
    found = [None if text == "" else text for text in map(convert, coded.dictionary.to_pylist())]
    texts = pa.array(found, pa.large_string()).take(coded.indices)
    return pd.Series(texts, index=values.index, dtype=TEXT, name=values.name)


def per_unique_row(columns: Sequence[pd.Series], convert: Callable[..., Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Convert text columns side by side, each different row once; blank is the empty string."""
    coded = [arrow_of(column.fillna("")).dictionary_encode() for column in columns]
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for texts in coded:
        # Numbered anew after each column, so that the numbers never grow beyond the rows.
        codes, _ = pd.factorize(codes * len(texts.dictionary) + texts.indices.to_numpy())
    _, first = np.unique(codes, return_index=True)
    rows = zip(*(texts.take(pa.array(first)).to_pylist() for texts in coded), strict=True)
    results = np.empty(len(first), dtype=object)
    for position, row in enumerate(rows):
        results[position] = convert(*row)
    return results[codes]


def canonical_text(values: pd.Series, read: Callable[[str], str | None]) -> pd.Series:
    """Read a column as canonical text, each different value once."""
    return text_per_unique(as_text(values), read)


def json_values(canonical: pd.Series, write: Callable[[str], Any]) -> pd.Series:
    """Write canonical text as JSON values, each different value once."""
    return pd.Series(per_unique(canonical, write), index=canonical.index, dtype="object", name=canonical.name)


def known_text(value: object) -> str:
    """Spell an option as a frame would."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def value_map(line: LineOptions) -> dict[str, str] | None:
    """Give the line's `values` as a map of Salesforce value to SALESmanago value; a list maps each to itself."""
    if line.values is None:
        return None
    if isinstance(line.values, Mapping):
        return {known_text(key).strip(): known_text(value).strip() for key, value in line.values.items()}
    return {known_text(value).strip(): known_text(value).strip() for value in line.values}
