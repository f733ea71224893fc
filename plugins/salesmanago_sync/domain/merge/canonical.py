"""Canonical values: both sides of a mapping brought to one spelling, field by field.

A frame of canonical values has one column a field key. A field that was not read has no column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.converters.base import value_map
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.card_lines import source_of
from salesmanago_sync.domain.mapping_files.mapping import Line, Mapping
from salesmanago_sync.domain.mapping_files.stand_ins import StandIns
from salesmanago_sync.domain.merge.merge import Rule
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


def canonical_salesforce(mapping: Mapping, records: pd.DataFrame, stand_ins: StandIns | None = None) -> pd.DataFrame:
    """Bring Salesforce records to canonical form.

    Args:
        mapping: The object's mapping.
        records: A Salesforce frame (`domain.frames`).
        stand_ins: What says nothing about the person; those of the mapping, where it is not given.

    Returns:
        One column a field key, on the index of `records`.
    """
    return _canonical_salesforce(mapping, mapping.lines, records, stand_ins)


def canonical_tags(mapping: Mapping, line: Line, records: pd.DataFrame) -> pd.DataFrame:
    """Bring the tags of Salesforce records to canonical form: one column a tag (`TAG`), as `canonical_salesforce`."""
    return _canonical_salesforce(mapping, [line], records, None)


def _canonical_salesforce(
    mapping: Mapping, lines: Iterable[Line], records: pd.DataFrame, stand_ins: StandIns | None
) -> pd.DataFrame:
    readable = [line for line in lines if all(field in records for field in line.salesforce)]
    known = StandIns.of([mapping]) if stand_ins is None else stand_ins
    values = {line.key: _read_salesforce(line, records, known) for line in readable}
    return _spread_tags(mapping, _located(mapping, pd.DataFrame(values, index=records.index)))


def _read_salesforce(line: Line, records: pd.DataFrame, stand_ins: StandIns) -> pd.Series:
    raw = {field: stand_ins.blanked(line, field, records[field]) for field in line.salesforce}
    return converter(line).from_salesforce(pd.DataFrame(raw, index=records.index))


def canonical_salesmanago(mapping: Mapping, contacts: pd.DataFrame, stand_ins: StandIns | None = None) -> pd.DataFrame:
    """Bring SALESmanago contacts to canonical form.

    Args:
        mapping: The object's mapping.
        contacts: A SALESmanago frame (`domain.frames`).
        stand_ins: As in `canonical_salesforce`.

    Returns:
        One column a field key, on the index of `contacts`; a field that SALESmanago never shows has none.
    """
    readable = [line for line in mapping.lines if source_of(line.key) in contacts]
    known = StandIns.of([mapping]) if stand_ins is None else stand_ins
    raw = {line.key: known.blanked(line, line.key, contacts[source_of(line.key)]) for line in readable}
    values = {line.key: converter(line).from_salesmanago(raw[line.key]) for line in readable}
    return _spread_tags(mapping, _located(mapping, pd.DataFrame(values, index=contacts.index)))


def _located(mapping: Mapping, values: pd.DataFrame) -> pd.DataFrame:
    """Read states within the countries of their addresses."""
    for line in mapping.lines:
        if line.convert == "state" and line.key in values:
            beside = mapping.country_beside(line)
            nowhere = pd.Series(None, index=values.index, dtype=TEXT)
            countries = nowhere if beside is None else values.get(beside.key, nowhere)
            values[line.key] = converter(line).within(values[line.key], countries)
    return values


def _spread_tags(mapping: Mapping, values: pd.DataFrame) -> pd.DataFrame:
    if "tags" not in values:
        return values
    held = values.pop("tags")
    for column in columns(mapping):
        if column.kind == "tag":
            has = holders(held, column.key.removeprefix(TAG))
            values[column.key] = pd.Series("true", index=values.index, dtype=TEXT).where(has)
    return values
