"""A mapping line as converters see one, and what every converter must obey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from salesmanago_sync.domain.converters import Bound, converter
from salesmanago_sync.domain.frames import text_series


@dataclass(frozen=True)
class Line:
    convert: str
    salesforce: tuple[str, ...] = ("F",)
    salesmanago: str = "properties.f"
    direction: str = "both"
    region: str | None = None
    values: Mapping[str, str] | Sequence[str] | None = None
    value: object = None
    single: bool = False
    places: Mapping[str, str] | None = None
    states: Mapping[str, Mapping[str, str]] | None = None


def bind(convert: str, **options: object) -> Bound:
    return converter(Line(convert, **options))


def texts(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


def plain(values: pd.Series) -> list[object]:
    return [None if value is None or value != value else value for value in values.tolist()]


def blank_record(bound: Bound, index: pd.Index) -> pd.DataFrame:
    fields = list(bound.line.salesforce)
    return pd.DataFrame({field: pd.Series(None, index=index, dtype="str") for field in fields}, index=index)


def read_salesforce(bound: Bound, *values: str | None) -> list[object]:
    return plain(bound.from_salesforce(pd.DataFrame({bound.line.salesforce[0]: texts(*values)})))


def read_salesmanago(bound: Bound, *values: str | None) -> list[object]:
    return plain(bound.from_salesmanago(texts(*values)))


def write_salesforce(bound: Bound, *canonical: str | None) -> list[object]:
    column = texts(*canonical)
    return bound.to_salesforce(column, blank_record(bound, column.index))[bound.line.salesforce[0]].tolist()


def write_salesmanago(bound: Bound, *canonical: str | None) -> list[object]:
    return bound.to_salesmanago(texts(*canonical)).tolist()


def check_laws(bound: Bound, values: Sequence[str | None]) -> None:
    """Read raw values, write them to both sides, read them again."""
    read = bound.from_salesmanago(texts(*values))
    pd.testing.assert_series_equal(bound.from_salesmanago(read), read)
    assert read.dtype == "str"
    assert "" not in plain(read)

    written = bound.to_salesmanago(read)
    assert written.dtype == object
    assert not any(value != value for value in written)
    pd.testing.assert_series_equal(bound.from_salesmanago(text_series(written, read.index)), read)

    record = bound.to_salesforce(read, blank_record(bound, read.index))
    assert list(record.columns) == list(bound.line.salesforce)
    assert record.index.equals(read.index)
    assert not any(value != value for value in record.to_numpy().ravel())
    raw = record.apply(lambda column: text_series(column, column.index))
    pd.testing.assert_series_equal(bound.from_salesforce(raw), read, check_names=False)
