from __future__ import annotations

from typing import Literal
from unicodedata import normalize

import pandas as pd
import pytest

from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.mapping_files.stand_ins import StandIns, stand_in
from salesmanago_sync.domain.merge.canonical import canonical_salesforce, canonical_salesmanago, columns
from tests.unit.domain.world import lead

MAPPING = lead()
Form = Literal["NFC", "NFD"]


def records(**values: str | None) -> pd.DataFrame:
    fields = dict.fromkeys(
        ("FirstName", "LastName", "Email", "City", "Company", "Description", "Interests__c", "Title")
    )
    return pd.DataFrame({name: [value] for name, value in (fields | values).items()}).astype("str")


def contacts(**values: str | None) -> pd.DataFrame:
    keys = ("name", "email", "address.city", "company", "properties.note", "tags", "optedOut", "properties.job_title")
    return pd.DataFrame({name: [value] for name, value in (dict.fromkeys(keys) | values).items()}).astype("str")


def plain(frame: pd.DataFrame) -> dict[str, object]:
    return {str(key): None if pd.isna(frame[key].iloc[0]) else frame[key].iloc[0] for key in frame}


def test_a_field_that_was_not_read_has_no_column_and_a_blank_one_has() -> None:
    read = canonical_salesforce(MAPPING, records(City=None))
    assert "optedOut" not in read
    assert plain(read)["address.city"] is None
    assert "company" not in canonical_salesmanago(MAPPING, contacts().drop(columns="company"))
    assert "name" not in canonical_salesforce(MAPPING, records().drop(columns="FirstName"))


def test_a_stand_in_is_read_as_blank_on_either_side() -> None:
    filler = "[not provided]"
    assert stand_in(MAPPING, "Company") == filler
    assert stand_in(MAPPING, "City") is None
    assert stand_in(lead(company_when_empty={"action": "skip"}), "Company") is None
    read = plain(canonical_salesforce(MAPPING, records(Company=filler, LastName=filler, FirstName="Anna", City=filler)))
    assert [read["company"], read["name"], read["address.city"]] == [None, "Anna", filler]
    # A trigger of the org may have changed its letters.
    read = plain(canonical_salesforce(MAPPING, records(Company=filler.upper(), LastName="Nowak")))
    assert (read["company"], read["name"]) == (None, "Nowak")
    read = plain(canonical_salesmanago(MAPPING, contacts(company=filler, name=f" {filler} ")))
    assert (read["company"], read["name"]) == (None, None)


@pytest.mark.parametrize(("written", "held"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_stand_in_is_one_however_its_letters_are_composed(written: Form, held: Form) -> None:
    filler = "[bez żadnej firmy]"
    mapping = lead(company_when_empty={"action": "fill", "value": normalize(written, filler)})
    held_there = normalize(held, filler)
    assert plain(canonical_salesforce(mapping, records(Company=held_there)))["company"] is None
    assert plain(canonical_salesmanago(mapping, contacts(company=held_there)))["company"] is None


def test_a_stand_in_of_any_mapping_is_one_of_every_object() -> None:
    lines = [{"salesforce": "Email", "salesmanago": "email"}]
    lines += [{"salesforce": "Account.Name", "salesmanago": "company", "direction": "to_salesmanago"}]
    lines += [{"salesforce": "Title", "salesmanago": "properties.note"}]
    contact = Mapping.model_validate({"object": "Contact", "fields": lines})
    unknown = lead(company_when_empty={"action": "fill", "value": "unknown"})
    names = ["unknown", "[not provided]", "Our account", "Acme"]
    frame = pd.DataFrame({"Email": "a@example.com", "Account.Name": names, "Title": names}).astype("str")
    known = StandIns.of([contact, unknown], "Our account")
    read = canonical_salesforce(contact, frame, known)
    assert read["company"].isna().tolist() == [True, True, True, False]
    assert read["properties.note"].tolist() == names


def test_every_mapped_tag_is_a_column_of_its_own_and_others_are_none() -> None:
    ours = plain(canonical_salesforce(MAPPING, records(Interests__c="SALE;Other")))
    theirs = plain(canonical_salesmanago(MAPPING, contacts(tags="NEWS;NEWSLETTER;OTHER")))
    assert {key: value for key, value in ours.items() if "tags" in key} == {"tags:NEWS": None, "tags:SALE": "true"}
    assert {key: value for key, value in theirs.items() if "tags" in key} == {"tags:NEWS": "true", "tags:SALE": None}


def test_columns_carry_the_rule_of_their_line() -> None:
    found = {column.key: column for column in columns(MAPPING)}
    assert [found[key].kind for key in ("name", "tags:NEWS", "optedOut")] == ["value", "tag", "consent"]
    assert {key: found[key].rule.propagate_blank for key in ("company", "address.city", "tags:SALE")} == {
        "company": True,
        "address.city": False,
        "tags:SALE": True,
    }
    assert found["properties.note"].rule.conflict == "salesmanago"
    assert found["name"].rule.conflict == "newest"
    assert found["properties.job_title"].rule.direction == "to_salesmanago"
