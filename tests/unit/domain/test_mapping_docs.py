"""The reference page names every key, converter, operator and field, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from salesmanago_sync.domain import salesmanago_fields
from salesmanago_sync.domain.converters import CONVERTERS
from salesmanago_sync.domain.criteria.language import Op
from salesmanago_sync.domain.mapping_files.mapping import (
    Create,
    Criteria,
    Detail,
    Line,
    Mapping,
    WhenEmpty,
    load_mappings,
)

PAGE = Path("docs/mapping.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    section = re.split(r"^#+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    return [re.split(r" *\| *", row)[1:-1] for row in table]


def names(cells: list[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("Keys of a file", Mapping),
        ("criteria", Criteria),
        ("create", Create),
        ("company_when_empty, last_name_when_empty", WhenEmpty),
        ("Keys of a field", Line),
    ],
)
def test_the_page_has_every_key(heading, model):
    assert sorted(names([row[0] for row in rows(heading)])) == sorted(model.model_fields)


def test_a_detail_has_the_keys_of_a_field_but_conflict():
    assert set(Detail.model_fields) == set(Line.model_fields) - {"conflict"}


def test_the_page_states_the_defaults():
    defaults = {row[0].strip("`"): names([row[2]])[0] for row in rows("Keys of a file") if "`" in row[2]}
    stated = {key: str(Mapping.model_fields[key].default) for key in defaults if not key.endswith("_when_empty")}
    stated |= {key: Mapping.model_fields[key].default.action for key in defaults if key.endswith("_when_empty")}
    assert defaults == {key: {"True": "true", "False": "false"}.get(value, value) for key, value in stated.items()}


def test_the_page_has_every_converter_with_its_options():
    page = {row[0].strip("`"): set(names([row[2]])) for row in rows("Converters")}
    assert page == {name: set(converter.options) for name, converter in CONVERTERS.items()}


def test_the_page_has_every_operator():
    assert sorted(names([row[0] for row in rows("Criteria")])) == sorted(get_args(Op))


def test_the_page_has_every_salesmanago_field_and_its_direction():
    page = {name: row[1].strip("`") for row in rows("SALESmanago fields") for name in names([row[0]])}
    code = dict.fromkeys((*salesmanago_fields.TWO_WAY, *salesmanago_fields.CONSENTS), "any")
    code |= dict.fromkeys(salesmanago_fields.READ_ONLY, "to_salesforce")
    code |= dict.fromkeys(salesmanago_fields.WRITE_ONLY, "to_salesmanago")
    assert page == {**code, "properties.<name>": "any: a standard detail"}
    assert all(f"`{state}`" in PAGE for state in salesmanago_fields.STATES)


def test_the_example_is_a_valid_mapping(tmp_path):
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "lead.yaml").write_text(example, encoding="utf-8")
    [mapping] = load_mappings(tmp_path)
    assert mapping.object == "Lead"
