"""boolean, consent, number, text, constant: what each makes of single values."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.converters.lines import (
    bind,
    check_laws,
    plain,
    read_salesforce,
    read_salesmanago,
    texts,
    write_salesforce,
    write_salesmanago,
)


@pytest.mark.parametrize(
    ("raw", "boolean", "consent"),
    [
        ("true", "true", "true"),
        ("TRUE", "true", "true"),
        ("1", "true", "true"),
        ("tak", "true", "true"),
        ("false", "false", "false"),
        ("0", "false", "false"),
        ("No", "false", "false"),
        ("maybe", "maybe", None),
        ("2", "2", None),
        (None, None, None),
    ],
)
def test_true_and_false_are_understood(raw, boolean, consent):
    assert read_salesforce(bind("boolean"), raw) == read_salesmanago(bind("boolean"), raw) == [boolean]
    assert read_salesforce(bind("consent"), raw) == read_salesmanago(bind("consent"), raw) == [consent]


def test_true_and_false_are_written_as_each_side_takes_them():
    values = ("true", "false", None)
    assert write_salesforce(bind("boolean"), *values) == [True, False, None]
    assert write_salesmanago(bind("boolean"), *values) == ["true", "false", None]
    assert write_salesforce(bind("consent"), *values) == [True, False, None]
    assert write_salesmanago(bind("consent"), *values) == [True, False, None]
    assert write_salesforce(bind("boolean"), "maybe") == ["maybe"]


@pytest.mark.parametrize(
    ("raw", "canonical", "native"),
    [
        ("12.50", "12.5", 12.5),
        ("3.0", "3", 3),
        ("0", "0", 0),
        ("-0.00", "0", 0),
        ("+7", "7", 7),
        ("007", "7", 7),
        (".5", "0.5", 0.5),
        ("5.", "5", 5),
        ("1e3", "1000", 1000),
        ("1e-07", "0.0000001", 1e-07),
        ("100", "100", 100),
        ("999999999999999999", "999999999999999999", 999999999999999999),
        ("0.123456789012345678", "0.123456789012345678", "0.123456789012345678"),
        ("12,5", "12,5", "12,5"),
        ("1 000", "1 000", "1 000"),
        ("1_000", "1_000", "1_000"),
        ("NaN", "NaN", "NaN"),
        ("Infinity", "Infinity", "Infinity"),
        ("1e999999999", "1e999999999", "1e999999999"),
        ("٣", "٣", "٣"),
        ("false", "false", "false"),
    ],
)
def test_a_number_is_exact(raw, canonical, native):
    assert read_salesforce(bind("number"), raw) == [canonical]
    (written,) = write_salesforce(bind("number"), canonical)
    assert written == native
    assert type(written) is type(native)
    assert write_salesmanago(bind("number"), canonical) == [canonical]


@settings(max_examples=30, deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=6))
def test_numbers_read_back_the_same(number: Decimal):
    check_laws(bind("number"), [str(number), format(number, "f"), format(number, "E")])


def test_text_is_trimmed_and_keeps_everything_else():
    assert read_salesforce(bind("text"), " a  B\r\nc\rd ", "0", "false", "  ", None) == [
        "a  B\nc\nd",
        "0",
        "false",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("value", "text"), [("PROSPECT", "PROSPECT"), (0, "0"), (False, "false"), (True, "true"), (1.0, "1")]
)
def test_a_constant_is_written_to_everybody_on_one_side(value, text):
    out = bind("constant", salesforce=(), direction="to_salesmanago", value=value)
    assert plain(out.from_salesforce(pd.DataFrame(index=[3, 1]))) == [text, text]
    assert read_salesmanago(out, "kept", None) == ["kept", None]
    assert write_salesmanago(out, text) == [value]
    assert type(write_salesmanago(out, text)[0]) is type(value)
    assert out.to_salesforce(texts(text), pd.DataFrame(index=[0])).shape == (1, 0)

    into = bind("constant", salesforce=("LeadSource",), direction="to_salesforce", value=value)
    assert read_salesmanago(into, "x", None) == [text, text]
    assert read_salesforce(into, "kept", None) == ["kept", None]
    assert write_salesforce(into, text) == [value]
