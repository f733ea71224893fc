"""country, picklist, tags: values of a known list."""

from __future__ import annotations

import pandas as pd
import pycountry
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
    ("typed", "code"),
    [
        ("PL", "PL"),
        ("pl", "PL"),
        ("POL", "PL"),
        ("Poland", "PL"),
        ("Republic of Poland", "PL"),
        ("Polska", "PL"),
        ("Deutschland", "DE"),
        ("Niemcy", "DE"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("USA", "US"),
        ("United States of America", "US"),
        ("Vietnam", "VN"),
        (" Narnia ", "Narnia"),
        ("0", "0"),
        ("false", "false"),
        (None, None),
    ],
)
def test_a_country_is_its_code_or_stays_as_typed(typed, code):
    assert read_salesforce(bind("country"), typed) == read_salesmanago(bind("country"), typed) == [code]


def test_salesforce_gets_the_name_of_a_country_unless_the_field_is_for_codes():
    assert write_salesforce(bind("country"), "PL", "VN", "Narnia", None) == ["Poland", "Vietnam", "Narnia", None]
    coded = bind("country", salesforce=("MailingCountryCode",))
    assert write_salesforce(coded, "PL", None) == ["PL", None]
    assert write_salesmanago(bind("country"), "PL", None) == ["PL", None]


def test_every_country_reads_back_the_same():
    codes = [country.alpha_2 for country in pycountry.countries]
    assert read_salesmanago(bind("country"), *codes) == codes
    check_laws(bind("country"), codes)


PICKLIST = bind("picklist", values={"Open": "NEW", "Working": "NEW", "Closed": "OLD", "0": "false"})


def test_a_picklist_value_is_renamed_without_regard_to_case():
    assert read_salesforce(PICKLIST, "open", "Working", "CLOSED", "0", None) == ["NEW", "NEW", "OLD", "false", None]
    assert read_salesmanago(PICKLIST, "new", "Old", "FALSE", None) == ["NEW", "OLD", "false", None]


def test_an_unlisted_picklist_value_reads_as_blank():
    assert read_salesforce(PICKLIST, "Other", "NEW") == [None, None]
    assert read_salesmanago(PICKLIST, "Other", "Open") == [None, None]


def test_salesforce_keeps_the_one_of_two_values_that_it_has():
    current = pd.DataFrame({"F": texts("Working", "Closed", None, "Working")})
    written = PICKLIST.to_salesforce(texts("NEW", "NEW", "NEW", None), current)
    assert written["F"].tolist() == ["Working", "Open", "Open", None]


def test_a_list_of_values_keeps_their_names():
    listed = bind("picklist", values=["Web", "Event"])
    assert read_salesforce(listed, "WEB", "Phone") == read_salesmanago(listed, "web", "Phone") == ["Web", None]


def test_without_values_a_picklist_passes_as_it_is():
    assert read_salesforce(bind("picklist"), " Other ", "0", None) == ["Other", "0", None]
    assert write_salesmanago(bind("picklist"), "Other", None) == ["Other", None]


TAGS = bind("tags", values={"Newsletter PL": "news pl", "Very important": "VIP", "Gold": "VIP", "0": "0"})


def test_tags_are_read_in_one_spelling_and_only_those_of_the_mapping():
    assert read_salesforce(TAGS, "Gold;newsletter pl;Other", "Other", "0", "VIP", None) == [
        "NEWS_PL;VIP",
        None,
        "0",
        None,
        None,
    ]
    assert read_salesmanago(TAGS, "VIP;OTHER;NEWS_PL", "vip;news pl", "OTHER", None) == ["NEWS_PL;VIP"] * 2 + [
        None,
        None,
    ]
    assert read_salesmanago(bind("tags", values=["My tag"]), "MY_TAG;X") == ["MY_TAG"]


def test_writing_tags_touches_no_value_outside_the_mapping():
    current = pd.DataFrame({"F": texts("Other;Gold", "VIP;Newsletter PL", None, "Other;Gold", "Gold")})
    written = TAGS.to_salesforce(texts("NEWS_PL;VIP", "0", "0;VIP", None, None), current)
    assert written["F"].tolist() == ["Other;Gold;Newsletter PL", "VIP;0", "0;Very important", "Other", None]
    assert plain(TAGS.to_salesmanago(texts("NEWS_PL;VIP", None))) == ["NEWS_PL;VIP", None]


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.sampled_from(["NEWS_PL", "VIP", "0"])),
    st.lists(st.sampled_from(["Newsletter PL", "gold", "Very important", "0", "Other", "VIP"]), unique=True),
)
def test_written_tags_are_read_again_whatever_was_there(tags, held):
    canonical = texts(";".join(sorted(tags)) or None)
    written = TAGS.to_salesforce(canonical, pd.DataFrame({"F": texts(";".join(held) or None)}))
    assert plain(TAGS.from_salesforce(written.astype("str"))) == plain(canonical)
    kept = set((written.loc[0, "F"] or "").split(";"))
    assert set(held) & {"Other", "VIP"} <= kept
