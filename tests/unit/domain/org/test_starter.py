"""A starter is a valid mapping of any org, and proposes what it cannot know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.domain.mapping_files.mapping import Mapping, load_mappings
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.org.schema import check
from salesmanago_sync.domain.org.starter import starter

OBJECTS = ("Lead", "Contact", "PersonAccount")
ROOT = Path(__file__).resolve().parents[4]


def field(name: str, type: str = "string", **more: Any) -> FieldSchema:
    return FieldSchema(name, type, label=more.pop("label", name.replace("_", " ")), **more)


def schema(*extra: FieldSchema, without: tuple[str, ...] = ()) -> Schema:
    """A small org in which an object has its own fields and those of a person account."""
    types = {"Email": "email", "Phone": "phone", "HasOptedOutOfEmail": "boolean", "DoNotCall": "boolean"}
    names = [*types, "FirstName", "LastName", "Company", "Title"]
    own = [field(name, types.get(name, "string")) for name in names]
    person = [field(f"Person{one.name}", one.type) for one in own]
    link = field("AccountId", "reference", relationship="Account", parents=("Account",))
    fields = [
        one for one in (*own, *person, link, field("IsPersonAccount", "boolean"), *extra) if one.name not in without
    ]
    return Schema("Lead", {one.name: one for one in fields}, person_record_type="012000000000001AAA")


def read(text: str, folder: Path) -> Mapping:
    (folder / "starter.yaml").write_text(text, encoding="utf-8")
    [mapping] = load_mappings(folder)
    return mapping


@pytest.mark.parametrize("name", OBJECTS)
def test_it_is_a_valid_mapping_that_fits_the_org_and_is_switched_off(name: str, tmp_path: Path) -> None:
    org = schema()
    mapping = read(starter(name, org), tmp_path)
    assert mapping.object == name
    assert mapping.enabled is False
    assert check(mapping, org) == []
    assert mapping.email_line.salesforce == ("PersonEmail" if name == "PersonAccount" else "Email",)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_proposal_is_valid_once_its_comment_is_taken_away(name: str, tmp_path: Path) -> None:
    org = schema(
        field("Shoe_Size__c", "double"),
        field("Hobbies__c", "multipicklist", picklist=("Golf", "Yoga")),
        field("Nap__pc", "boolean"),
        field("Tier__c", "picklist", picklist=tuple(f"T{number}" for number in range(12)), label="Tier\nof # person"),
        field("Since__c", "date", nillable=False),
    )
    text = starter(name, org)
    assert "# Shoe Size c, double" in text
    assert ": Golf, Yoga" in text
    assert "T7, …" in text, "a long list is cut"
    assert text.count("Since__c") == 1, "asked for among the fields, and not once more among the details"
    awake = re.sub(r"^( *)# (- \{)", r"\1\2", text, flags=re.M)
    mapping = read(awake, tmp_path)
    assert check(mapping, org) == []
    assert {"properties.shoe_size", "properties.nap", "properties.tier", "properties.since"} <= {
        line.key for line in mapping.lines
    }


@pytest.mark.parametrize("name", OBJECTS)
def test_a_detail_has_the_name_that_the_shipped_mappings_give_it(name: str, tmp_path: Path) -> None:
    [shipped] = [one for one in load_mappings(ROOT / "include" / "mappings") if one.object == name]
    named = {line.salesforce: line.key for line in shipped.lines if line.key.startswith("properties.")}
    org = schema(*(field(source) for (source,) in named if "." not in source))
    text = starter(name, org)
    proposed = {line.salesforce: line.key for line in read(text, tmp_path).lines}
    assert named.items() <= proposed.items()


def test_what_cannot_be_written_travels_one_way(tmp_path: Path) -> None:
    org = schema(field("Company", calculated=True, createable=False, updateable=False))
    line = read(starter("Lead", org), tmp_path).line("company")
    assert line is not None
    assert line.direction == "to_salesmanago"


def test_a_hidden_opt_out_is_worth_a_word(tmp_path: Path) -> None:
    text = starter("Lead", schema(without=("HasOptedOutOfEmail",)))
    assert "hidden from the integration user" in text
    assert read(text, tmp_path).line("optedOut") is None
