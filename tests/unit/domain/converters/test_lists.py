"""country, picklist, tags: values of a known list."""

from __future__ import annotations

import pandas as pd
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.converters.country import country_code
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.org.schema import FieldSchema, Schema, fit
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
        ("Viet Nam", "VN"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("turkiye", "TR"),
        ("Holland", "NL"),
        ("Niderlandy", "NL"),
        ("Netherlands (the)", "NL"),
        ("Republic of Korea", "KR"),
        ("Korea (South)", "KR"),
        ("Democratic Republic of the Congo", "CD"),
        ("Großbritannien", "GB"),
        ("Holandia", "NL"),
        ("The Netherlands", "NL"),
        ("Sverige", "SE"),
        ("Česko", "CZ"),
        ("Ceska republika", "CZ"),
        ("España", "ES"),
        ("ESPANA", "ES"),
        ("Österreich", "AT"),
        ("Magyarország", "HU"),
        ("Suomi", "FI"),
        ("Ελλάδα", "GR"),
        ("Україна", "UA"),
        ("日本", "JP"),
        ("South Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Bolivia", "BO"),
        ("Bolivia, Plurinational State of", "BO"),
        ("Moldova", "MD"),
        ("Taiwan", "TW"),
        ("U.S.A.", "US"),
        ("Kosovo", "XK"),
        ("Georgia", "GE"),
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


KOREA = "Korea, Republic of"


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("MailingCountry", [KOREA, "Bolivia, Plurinational State of", "Poland", "France"]),
        ("MailingCountryCode", ["KR", "BO", "PL", "FR"]),
        ("Country__c", ["Korea (South)", "Boliwia", "Polska", "France"]),
        ("Place__c", ["South Korea", "Bolivia", "Poland", "France"]),
    ],
)
def test_salesforce_gets_what_the_org_calls_a_country(field: str, written: list[str]) -> None:
    codes = FieldSchema(
        "MailingCountryCode",
        "picklist",
        picklist=("KR", "BO", "PL", "XX"),
        picklist_labels=(KOREA, "Bolivia, Plurinational State of", "Poland", "Atlantis"),
    )
    own = FieldSchema(
        "Country__c",
        "picklist",
        picklist=("Korea (South)", "Boliwia", "Polska", "Other"),
        picklist_labels=("South Korea", "Bolivia", "Poland", "Other"),
    )
    texts_ = [FieldSchema(name, "string", 80) for name in ("MailingCountry", "Place__c")]
    org = Schema("Contact", {each.name: each for each in (codes, own, *texts_)})
    mapping = Mapping.model_validate(
        {
            "object": "Contact",
            "fields": [
                {"salesforce": "Email", "salesmanago": "email"},
                {"salesforce": field, "salesmanago": "address.country", "convert": "country"},
            ],
        }
    )
    before = mapping.digest
    fit(mapping, org)
    assert mapping.digest == before
    line = mapping.line("address.country")
    assert line is not None
    bound = converter(line)
    assert write_salesforce(bound, "KR", "BO", "PL", "FR") == written
    assert read_salesforce(bound, *written) == ["KR", "BO", "PL", "FR"]
    assert read_salesforce(bound, "Atlantis") == read_salesmanago(bound, "Atlantis") == ["Atlantis"]


def test_a_country_that_an_org_renamed_is_that_country():
    renamed = bind("country", places={"PL": "Our home", "GE": "Georgia (not the state)", "DE": "Niemcy"})
    assert write_salesforce(renamed, "PL", "GE", "DE", "FR") == [
        "Our home",
        "Georgia (not the state)",
        "Niemcy",
        "France",
    ]
    assert read_salesforce(renamed, "our HOME", "Georgia, not the state") == ["PL", "GE"]
    assert read_salesmanago(renamed, "Polska", "Gruzja", "Our home") == ["PL", "GE", "PL"]


def test_the_name_that_a_country_is_written_by_means_it() -> None:
    codes = [country.alpha_2 for country in pycountry.countries]
    assert [country_code(name) for name in write_salesforce(bind("country"), *codes)] == codes


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


def test_a_semicolon_parts_tags_only_where_a_field_holds_several():
    for type, read in (("picklist", [None, "NEWS"]), ("combobox", [None, "NEWS"]), ("multipicklist", ["NEWS;VIP"] * 2)):
        line = {"salesforce": "Kind__c", "salesmanago": "tags", "convert": "tags", "values": ["VIP", "NEWS"]}
        fields = [{"salesforce": "Email", "salesmanago": "email"}, {**line, "direction": "to_salesmanago"}]
        mapping = Mapping.model_validate({"object": "Lead", "fields": fields})
        fit(mapping, Schema("Lead", {"Kind__c": FieldSchema("Kind__c", type)}))
        found = mapping.line("tags")
        assert found is not None
        assert read_salesforce(converter(found), "VIP;NEWS", "NEWS" if read[0] is None else "NEWS; VIP") == read


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
