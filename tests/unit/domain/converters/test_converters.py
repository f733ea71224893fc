from __future__ import annotations

import unicodedata
from typing import Literal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.converters import CONVERTERS, converter
from salesmanago_sync.domain.converters.base import as_text
from salesmanago_sync.domain.frames import TEXT
from tests.unit.domain.converters.lines import Line, bind, check_laws, plain, texts

TWO_WAY = {
    "text": bind("text"),
    "email": bind("email"),
    "phone": bind("phone", region="PL"),
    "full_name": bind("full_name", salesforce=("FirstName", "LastName")),
    "boolean": bind("boolean"),
    "number": bind("number"),
    "country": bind("country"),
    "state": bind("state"),
    "picklist": bind("picklist", values={"Open": "NEW", "Working": "NEW", "0": "false", "Closed": "Old"}),
    "open picklist": bind("picklist"),
    "tags": bind("tags", values={"Newsletter PL": "news pl", "VIP": "VIP", "Gold": "VIP", "0": "0"}),
    "consent": bind("consent"),
    "date": bind("date"),
    "birthday": bind("date", salesmanago="birthday"),
    "constant": bind("constant", direction="to_salesmanago", value="x"),
}
ORDINARY = [
    "0",
    "false",
    "true",
    "1",
    "abc",
    " a  b ",
    "PL",
    "poland",
    "VIP",
    "NEW;VIP",
    "old",
    "12.50",
    "+48 601 123 456",
]
AWKWARD = [
    *ORDINARY,
    "1980-10-17",
    "Jan@Example.COM",
    "Ł",
    "O'Neil",
    "a;b",
    "\t",
    " ",
    "a\r\nb",
    "ß",
    "-0",
    "1e3",
    "x\x1fy",
]


def test_every_converter_is_registered_under_its_name():
    assert {name: each.name for name, each in CONVERTERS.items()} == {name: name for name in CONVERTERS}
    assert list(CONVERTERS) == [
        "text",
        "email",
        "phone",
        "full_name",
        "date",
        "boolean",
        "number",
        "country",
        "state",
        "picklist",
        "tags",
        "consent",
        "constant",
    ]  # fmt: skip
    assert all(each.required <= each.options for each in CONVERTERS.values())


@pytest.mark.parametrize("name", [name for name in TWO_WAY if name not in {"constant", "date", "birthday"}])
@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.one_of(st.none(), st.sampled_from(AWKWARD), st.text(max_size=12)), max_size=6))
def test_what_is_written_is_read_again(name, values):
    check_laws(TWO_WAY[name], [None if value == "" else value for value in values])


@pytest.mark.parametrize("name", list(TWO_WAY))
def test_blank_is_read_and_written_as_blank(name):
    bound = TWO_WAY[name]
    blank = texts(None, None)
    fields = list(bound.line.salesforce)
    nobody = pd.DataFrame({field: blank for field in fields})
    if name != "constant":
        assert plain(bound.from_salesforce(nobody)) == [None, None]
        assert plain(bound.from_salesforce(nobody.map(lambda _: ""))) == [None, None]
    assert plain(bound.from_salesmanago(blank)) == [None, None]
    assert plain(bound.from_salesmanago(texts("", " "))) == [None, None]
    assert bound.to_salesmanago(blank).tolist() == [None, None]
    assert bound.to_salesforce(blank, nobody).to_numpy().ravel().tolist() == [None, None] * len(fields)


@pytest.mark.parametrize("name", list(TWO_WAY))
def test_nobody_at_all_is_converted_too(name):
    bound = TWO_WAY[name]
    nobody = pd.DataFrame({field: texts() for field in bound.line.salesforce})
    assert bound.from_salesforce(nobody).dtype == "str"
    assert bound.from_salesmanago(texts()).dtype == "str"
    assert bound.to_salesmanago(texts()).dtype == object
    assert list(bound.to_salesforce(texts(), nobody).columns) == list(bound.line.salesforce)


@pytest.mark.parametrize("name", list(TWO_WAY))
def test_a_converted_column_keeps_its_index(name):
    bound = TWO_WAY[name]
    index = pd.Index([9, 4])
    raw = pd.Series(["a", "b"], index=index, dtype="str")
    frame = pd.DataFrame({field: raw for field in bound.line.salesforce})
    for answer in (
        bound.from_salesforce(frame),
        bound.from_salesmanago(raw),
        bound.to_salesforce(raw, frame),
        bound.to_salesmanago(raw),
    ):
        assert answer.index.equals(index)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (Line("phone", region="XX"), "XX"),
        (Line("phone", region="pl"), "pl"),
        (Line("tags", values=[]), "values must list"),
        (Line("tags", values={"a;b": "c"}), "'a;b'"),
        (Line("tags", values={"a": ""}), "''"),
    ],
)
def test_an_option_that_cannot_be_meant_is_named(line, said):
    (fault,) = CONVERTERS[line.convert].faults(line)
    assert said in fault


@pytest.mark.parametrize("line", [Line("phone", region="PL"), Line("phone"), Line("tags", values=["a"]), Line("text")])
def test_a_sound_option_has_no_fault(line):
    assert CONVERTERS[line.convert].faults(line) == []


def test_a_clock_is_read_as_text():
    clock = pd.Series(pd.to_datetime(["2026-01-31T10:00:00Z", None], utc=True)).astype("datetime64[us, UTC]")
    assert plain(converter(Line("text")).from_salesforce(pd.DataFrame({"F": clock}))) == ["2026-01-31T10:00:00Z", None]
    assert plain(converter(Line("date")).from_salesforce(pd.DataFrame({"F": clock}))) == ["2026-01-31", None]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_letter_and_its_accent_are_one_character(form: Literal["NFC", "NFD"]) -> None:
    typed = ["Łódź", "Ngọc", "Zoë", "가람", "plain", None, ""]
    spelled = pd.Series([None if text is None else unicodedata.normalize(form, text) for text in typed], dtype=TEXT)
    assert as_text(spelled).tolist()[:5] == typed[:5]
    assert as_text(spelled).isna().tolist()[5:] == [True, True]
