from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.domain.mapping_files.card_lines import CARD_LINES, LAST_SYNC
from salesmanago_sync.domain.mapping_files.mapping import load_mappings
from salesmanago_sync.domain.mapping_files.model import Mapping
from salesmanago_sync.domain.merge.canonical import canonical_salesmanago
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.org.schema import check
from salesmanago_sync.domain.setup.card import card_fields
from salesmanago_sync.errors import ConfigurationError

LINES = """
fields:
  - {salesforce: Email, salesmanago: email}
"""
TYPES = {"text": "string", "number": "double", "boolean": "boolean"}


def mapping(folder: Path, text: str) -> Mapping:
    (folder / "lead.yaml").write_text(f"object: Lead\n{text}")
    return load_mappings(folder)[0]


def schema(*without: str) -> Schema:
    fields = {field: TYPES[convert] for field, _, convert, _ in CARD_LINES} | {LAST_SYNC: "datetime", "Email": "email"}
    shown = {name: FieldSchema(name, kind, length=200) for name, kind in fields.items() if name not in without}
    return Schema("Lead", shown)


def test_the_key_adds_one_way_lines_for_fields_that_the_set_up_makes(tmp_path: Path) -> None:
    lines = mapping(tmp_path, f"salesforce_card: true{LINES}").lines
    ours = [line for line in lines if line.key.startswith("card.")]
    assert [line.salesforce[0] for line in ours] == [field for field, *_ in CARD_LINES]
    assert {line.direction for line in ours} == {"to_salesforce"}
    made = {field.name for field in card_fields() if not field.formula}
    assert {line.salesforce[0] for line in ours} | {LAST_SYNC} == made


def test_without_the_key_nothing_is_added(tmp_path: Path) -> None:
    assert [line.key for line in mapping(tmp_path, LINES.strip()).lines] == ["email"]


def test_switching_the_key_makes_a_full_sync_due(tmp_path: Path) -> None:
    off, on = mapping(tmp_path, LINES.strip()).digest, mapping(tmp_path, f"salesforce_card: true{LINES}").digest
    assert off != on


def test_a_line_of_ones_own_for_the_same_field_is_a_fault(tmp_path: Path) -> None:
    own = "  - {salesforce: SALESmanago_Score__c, salesmanago: score, convert: number, direction: to_salesforce}\n"
    with pytest.raises(
        ConfigurationError, match=r"lead.yaml:2 salesforce_card: .*'SALESmanago_Score__c' is already used"
    ):
        mapping(tmp_path, f"salesforce_card: true{LINES}{own}")


def test_a_line_of_ones_own_for_the_same_contact_field_is_none(tmp_path: Path) -> None:
    own = "  - {salesforce: Rating__c, salesmanago: score, convert: number, direction: to_salesforce}\n"
    lines = mapping(tmp_path, f"salesforce_card: true{LINES}{own}").lines
    assert {"score", "card.score"} <= {line.key for line in lines}


def test_the_values_come_from_the_contact(tmp_path: Path) -> None:
    contacts = pd.DataFrame(
        {
            "contactId": ["c1"],
            "email": ["a@example.com"],
            "score": ["7.0"],
            "state": [None],
            "tags": ["A;B"],
            "optedOut": ["true"],
        },
        dtype="str",
    )
    values = canonical_salesmanago(mapping(tmp_path, f"salesforce_card: true{LINES}"), contacts).iloc[0]
    shown = values.drop("email").dropna().to_dict()
    assert shown == {"card.contactId": "c1", "card.score": "7", "card.tags": "A;B", "card.optedOut": "true"}


def test_fields_that_are_not_there_are_one_fault(tmp_path: Path) -> None:
    wanted = mapping(tmp_path, f"salesforce_card: true{LINES}")
    assert check(wanted, schema()) == []
    [fault] = check(wanted, schema("SALESmanago_Score__c", LAST_SYNC))
    assert "Lead has no SALESmanago_Score__c, SALESmanago_Last_Sync__c" in fault.what
    assert "salesmanago_setup" in fault.fix
