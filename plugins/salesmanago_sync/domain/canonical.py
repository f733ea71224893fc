"""Canonical values: both sides of a mapping brought to one spelling, field by field.

A frame of canonical values has one column a field key. A field that was not read has no column.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from salesmanago_sync.domain.card_lines import source_of
from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.converters.base import value_map
from salesmanago_sync.domain.mapping import Line, Mapping
from salesmanago_sync.domain.merge import Rule
from salesmanago_sync.domain.tags import holders, spell_tag

TAG = "tags:"


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that is merged: a mapped field, or one tag of the mapped tags.

    Attributes:
        key: The field key; a tag is `tags:<TAG>`.
        line: The mapping line that it comes from.
        kind: consent has its own rule; a tag is a yes or a blank, so that tags merge element by element.
        rule: How it is merged.
    """

    key: str
    line: Line
    kind: Literal["value", "tag", "consent"]
    rule: Rule


def columns(mapping: Mapping) -> tuple[Column, ...]:
    """List what the mapping merges."""
    return tuple(column for line in mapping.lines for column in _columns(line, mapping))


def _columns(line: Line, mapping: Mapping) -> list[Column]:
    conflict = line.rule(mapping)
    if line.key == "tags":
        # A removed tag must travel, or removing would be impossible.
        rule = Rule(line.direction, conflict, propagate_blank=True)
        return [Column(TAG + tag, line, "tag", rule) for tag in mapped_tags(line)]
    kind: Literal["value", "consent"] = "consent" if line.convert == "consent" else "value"
    return [Column(line.key, line, kind, Rule(line.direction, conflict, line.blank == "propagate"))]


def mapped_tags(line: Line) -> list[str]:
    """List the tags that a line of tags governs; all others are never touched."""
    return sorted({spell_tag(tag) for tag in (value_map(line) or {}).values()})


def canonical_salesforce(
    mapping: Mapping, records: pd.DataFrame, stand_ins: Dictionary[str, str] | None = None
) -> pd.DataFrame:
    """Bring Salesforce records to canonical form.

    Args:
        mapping: The object's mapping.
        records: A Salesforce frame (`domain.frames`).
        stand_ins: Values of fields that say nothing about the person, beside those the mapping fills in itself.

    Returns:
        One column a field key, on the index of `records`.
    """
    return _canonical_salesforce(mapping, mapping.lines, records, stand_ins)


def canonical_tags(mapping: Mapping, line: Line, records: pd.DataFrame) -> pd.DataFrame:
    """Bring the tags of Salesforce records to canonical form: one column a tag (`TAG`), as `canonical_salesforce`."""
    return _canonical_salesforce(mapping, [line], records, {})


def _canonical_salesforce(
    mapping: Mapping, lines: Iterable[Line], records: pd.DataFrame, stand_ins: Dictionary[str, str] | None
) -> pd.DataFrame:
    readable = [line for line in lines if all(field in records for field in line.salesforce)]
    values = {line.key: _read_salesforce(mapping, line, records, stand_ins or {}) for line in readable}
    return _spread_tags(mapping, pd.DataFrame(values, index=records.index))


def _read_salesforce(mapping: Mapping, line: Line, records: pd.DataFrame, stand_ins: Dictionary[str, str]) -> pd.Series:
    raw = records[list(line.salesforce)].copy()
    for field in line.salesforce:
        filler = stand_ins.get(field, stand_in(mapping, field))
        if filler is not None:
            # What we filled in because Salesforce requires it says nothing about the person.
            raw[field] = raw[field].mask(raw[field].eq(filler))
    return converter(line).from_salesforce(raw)


def stand_in(mapping: Mapping, field: str) -> str | None:
    """Say what is written to a required Salesforce field that has no value, if the mapping fills it."""
    policies = {"Company": mapping.company_when_empty, "LastName": mapping.last_name_when_empty}
    policy = policies.get(field)
    return policy.value if policy is not None and policy.action == "fill" else None


def canonical_salesmanago(mapping: Mapping, contacts: pd.DataFrame) -> pd.DataFrame:
    """Bring SALESmanago contacts to canonical form.

    Args:
        mapping: The object's mapping.
        contacts: A SALESmanago frame (`domain.frames`).

    Returns:
        One column a field key, on the index of `contacts`; a field that SALESmanago never shows has none.
    """
    readable = [line for line in mapping.lines if source_of(line.key) in contacts]
    values = {line.key: converter(line).from_salesmanago(contacts[source_of(line.key)]) for line in readable}
    return _spread_tags(mapping, pd.DataFrame(values, index=contacts.index))


def _spread_tags(mapping: Mapping, values: pd.DataFrame) -> pd.DataFrame:
    if "tags" not in values:
        return values
    held = values.pop("tags")
    for column in columns(mapping):
        if column.kind == "tag":
            has = holders(held, column.key.removeprefix(TAG))
            values[column.key] = pd.Series("true", index=values.index, dtype="str").where(has)
    return values
