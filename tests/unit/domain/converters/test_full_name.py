from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.converters.lines import bind, plain, texts

FIELDS = ("FirstName", "LastName")
BOUND = bind("full_name", salesforce=FIELDS)


def split(name: str | None, first: str | None, last: str | None) -> tuple[object, object]:
    current = pd.DataFrame({"FirstName": texts(first), "LastName": texts(last)})
    record = BOUND.to_salesforce(texts(name), current)
    return record.iloc[0, 0], record.iloc[0, 1]


@pytest.mark.parametrize(
    ("name", "known", "changed"),
    [
        # The known split stands.
        ("Anna Maria Nowak", ("Anna Maria", "Kowalska"), ("Anna Maria", "Nowak")),
        ("Ewa Kowalska", ("Anna Maria", "Kowalska"), ("Ewa", "Kowalska")),
        ("Jan van der Berg", ("Piet", "van der Berg"), ("Jan", "van der Berg")),
        ("Anna Maria de la Cruz", ("Anna Maria", "Kowalska"), ("Anna Maria", "de la Cruz")),
        ("ANNA MARIA Nowak", ("Anna Maria", "Kowalska"), ("ANNA MARIA", "Nowak")),
        ("Łucja Maria Nowak", ("Lucja Maria", "Novak"), ("Łucja Maria", "Nowak")),
        ("Anna Kowalska", (None, "Kowalska"), ("Anna", "Kowalska")),
        ("Anna Nowak", ("Anna", None), ("Anna", "Nowak")),
        # What is the same is not split again.
        ("ACME Sp. z o.o.", (None, "ACME Sp. z o.o."), (None, "ACME Sp. z o.o.")),
        ("Anna", ("Anna", None), ("Anna", None)),
        ("Anna Maria", ("Anna", "Maria"), ("Anna", "Maria")),
        # nameparser, where nothing is known.
        ("Anna Maria Nowak", (None, None), ("Anna Maria", "Nowak")),
        ("Jan van der Berg", (None, None), ("Jan", "van der Berg")),
        ("dr Jan Nowak", (None, None), ("dr Jan", "Nowak")),
        ("John Smith, Jr.", (None, None), ("John", "Smith, Jr.")),
        ("John Smith Jr.", (None, None), ("John", "Smith Jr.")),
        ("Nowak, Anna", (None, None), (None, "Nowak, Anna")),
        ("Nowak", (None, None), (None, "Nowak")),
        ("Nowak", ("Anna", "Kowalska"), (None, "Nowak")),
        ("Anna", ("Anna", "Kowalska"), (None, "Anna")),
        ("dr", (None, None), (None, "dr")),
        ("0", (None, None), (None, "0")),
        ("false 0", (None, None), ("false", "0")),
        (None, ("Anna", "Kowalska"), (None, None)),
    ],
)
def test_a_name_is_split(name, known, changed):
    assert split(name, *known) == changed


def test_each_row_has_its_own_split():
    current = pd.DataFrame({"FirstName": texts("Anna Maria", None), "LastName": texts("Kowalska", None)}, index=[5, 2])
    names = pd.Series(["Anna Maria Nowak", "Jan Nowak"], index=[5, 2], dtype="str")
    record = BOUND.to_salesforce(names, current)
    assert record.to_dict("index") == {
        5: {"FirstName": "Anna Maria", "LastName": "Nowak"},
        2: {"FirstName": "Jan", "LastName": "Nowak"},
    }


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (" Anna  Maria ", "Nowak", "Anna Maria Nowak"),
        (None, "Nowak", "Nowak"),
        ("Anna", None, "Anna"),
        ("0", "false", "0 false"),
        (None, None, None),
        ("", " ", None),
    ],
)
def test_first_and_last_name_are_one_name(first, last, name):
    frame = pd.DataFrame({"FirstName": texts(first), "LastName": texts(last)})
    assert plain(BOUND.from_salesforce(frame)) == [name]


WORDS = st.sampled_from(
    ["Anna", "Maria", "von", "de", "Nowak", "Nowak,", "Jr.", "dr", "(Ania)", '"Ania"', "i", "&", "Ł", "0", ","]
)
NAMES = st.lists(WORDS, max_size=5).map(" ".join).map(lambda name: name or None)


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES, NAMES)
def test_no_word_is_ever_lost(name, first, last):
    new_first, new_last = split(name, first, last)
    frame = pd.DataFrame({"FirstName": texts(new_first), "LastName": texts(new_last)})
    assert plain(BOUND.from_salesforce(frame)) == [name]
    assert (new_last is None) <= (name is None or (last is None and name == first))
