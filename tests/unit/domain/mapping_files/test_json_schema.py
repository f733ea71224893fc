"""The JSON Schema beside the mappings is the one that the models give, and agrees with the loader."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from salesmanago_sync.domain.mapping_files.file import read_mapping_file
from salesmanago_sync.domain.mapping_files.json_schema import main, mapping_schema, schema_text

FOLDER = Path("include/mappings")
VALIDATOR = Draft202012Validator(mapping_schema())


def test_the_committed_schema_is_up_to_date():
    committed = (FOLDER / "mapping.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: python -m salesmanago_sync.domain.mapping_files.json_schema"


def test_the_command_writes_it(tmp_path):
    main([str(tmp_path / "schema.json")])
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_it_is_a_json_schema():
    Draft202012Validator.check_schema(mapping_schema())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_it_accepts_the_shipped_mappings(path):
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=./mapping.schema.json\n")
    assert list(VALIDATOR.iter_errors(read_mapping_file(path).values)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"enabeld": True},
        {"object": "Leed"},
        {"conflict": "newst"},
        {"fields": [{"salesforce": "A", "salesmanago": "nmae"}]},
        {"fields": [{"salesforce": "A", "salesmanago": "name", "convert": "txt"}]},
        {"criteria": {"salesforce": {"field": "A", "op": "equals", "value": 1}}},
    ],
)
def test_it_refuses_what_the_loader_refuses(change):
    valid = {"object": "Lead", "fields": [{"salesforce": ["A", "B"], "salesmanago": "name"}]}
    assert VALIDATOR.is_valid(valid)
    assert not VALIDATOR.is_valid(valid | change)
