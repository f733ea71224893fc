from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.converters.lines import (
    bind,
    check_laws,
    read_salesforce,
    read_salesmanago,
    texts,
    write_salesforce,
    write_salesmanago,
)

BIRTHDAY = bind("date", salesforce=("Birthdate",), salesmanago="birthday")
DETAIL = bind("date", salesforce=("Birthdate",), salesmanago="properties.born")


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("1980-10-17", "1980-10-17"),
        ("19801017", "1980-10-17"),
        ("2026-01-31T23:30:00.000+0000", "2026-01-31"),
        ("2026-01-31T00:30:00+02:00", "2026-01-31"),
        ("1017", "--10-17"),
        ("0229", "--02-29"),
        ("--10-17", "--10-17"),
        ("20010229", "20010229"),
        ("1317", "1317"),
        ("17.10.1980", "17.10.1980"),
        ("2026-W01-1", "2026-W01-1"),
        ("2026W011", "2026W011"),
        ("2026-001", "2026-001"),
        ("2026-0101", "2026-0101"),
        ("2026-01-01Tomorrow", "2026-01-01Tomorrow"),
        ("２０２６-01-01", "２０２６-01-01"),
        ("٢٠٢٦٠١٣١", "٢٠٢٦٠١٣١"),
        ("0", "0"),
        ("false", "false"),
    ],
)
def test_a_day_has_one_spelling(raw, canonical):
    assert read_salesforce(BIRTHDAY, raw) == read_salesmanago(BIRTHDAY, raw) == [canonical]


def test_salesmanago_gets_a_birthday_without_hyphens_and_any_other_date_with_them():
    days = ("1980-10-17", "--10-17", "soon - or not", None)
    assert write_salesmanago(BIRTHDAY, *days) == ["19801017", "1017", "soon - or not", None]
    assert write_salesmanago(DETAIL, *days) == ["1980-10-17", "--10-17", "soon - or not", None]


def test_a_birthday_without_a_year_leaves_what_salesforce_holds():
    current = pd.DataFrame({"Birthdate": texts("1980-01-02", None, "1980-01-02", "1980-01-02")})
    written = BIRTHDAY.to_salesforce(texts("--10-17", "--10-17", "1999-10-17", None), current)
    assert written["Birthdate"].tolist() == ["1980-01-02", None, "1999-10-17", None]
    assert write_salesforce(BIRTHDAY, "--10-17") == [None]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8)),
            st.sampled_from(["soon", "2001-02-29", "--", "1332", "0001"]),
        ),
        max_size=5,
    )
)
def test_full_dates_read_back_the_same(raw):
    check_laws(BIRTHDAY, raw)
    check_laws(DETAIL, raw)


def test_the_first_and_last_day_there_are():
    assert read_salesforce(BIRTHDAY, f"{date.min:%Y%m%d}".zfill(8), "99991231") == ["0001-01-01", "9999-12-31"]
