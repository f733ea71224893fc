"""Coverage: what a mapping leaves open: required fields that nothing fills, and values that do not travel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from salesmanago_sync.domain.converters.base import value_map
from salesmanago_sync.domain.criteria.language import All, Leaf
from salesmanago_sync.domain.criteria.soql import to_soql
from salesmanago_sync.domain.mapping_files.mapping import Line
from salesmanago_sync.domain.org.schema import Schema, unfilled
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import Source

# Issues about a value, not about a person.
ABOUT_VALUES = ("VALUE_TOO_LONG", "VALUE_NOT_ALLOWED", "VALUE_INVALID", "REQUIRED_MISSING")
UNLISTED = "UNLISTED"


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A field that a new Salesforce record needs and that nothing fills.

    Attributes:
        field: Its API name.
        label: What people in Salesforce call it.
    """

    field: str
    label: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Values that do not get to the other side.

    Attributes:
        field: SALESmanago field; empty where the whole record was refused.
        direction: Where they were going.
        reason: A reason code of issues, or `UNLISTED`: the mapping's `values` do not name them.
        meaning: The same in words.
        count: How many records have such a value.
    """

    field: str
    direction: str
    reason: str
    meaning: str
    count: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a mapping leaves open.

    Attributes:
        unfilled: Required fields that nothing fills.
        refused: Values that do not travel, the most frequent first.
    """

    unfilled: tuple[Unfilled, ...]
    refused: tuple[Refused, ...]


def cover(ports: Ports, source: Source, faulty: bool) -> Coverage:
    """Find what a mapping leaves open.

    Args:
        ports: What is read.
        source: The mapping and the schema of its object.
        faulty: Whether the mapping does not fit the org: then its values cannot be counted there.
    """
    refused = [*_refused(ports, source), *(() if faulty else _unlisted(ports, source))]
    return Coverage(
        unfilled=tuple(Unfilled(field.name, field.label) for field in unfilled(source.mapping, source.schema)),
        refused=tuple(sorted(refused, key=lambda one: -one.count)),
    )


def _refused(ports: Ports, source: Source) -> list[Refused]:
    """Count the open issues about values: what the services, or their descriptions, said no to."""
    issues = ports.ledger.issues.read_open()
    mine = issues[issues["object"].eq(source.mapping.object) & issues["reason"].isin(ABOUT_VALUES)]
    counts = Counter(zip(mine["field"], mine["direction"], mine["reason"], strict=True))
    return [
        Refused(field, direction, reason, ISSUES[reason].meaning, count)
        for (field, direction, reason), count in counts.items()
    ]


def _unlisted(ports: Ports, source: Source) -> list[Refused]:
    """Count the Salesforce records whose value the line's `values` do not name: it reads as blank."""
    found = []
    for line in source.mapping.lines:
        condition = _unlisted_condition(line, source.schema)
        if condition:
            count = ports.salesforce.count(source.mapping.sobject, source.condition(ports.now(), condition))
            if count:
                meaning = f"The mapping's values do not name what is in {line.salesforce[0]}: it reads as blank."
                found.append(Refused(line.key, "to_salesmanago", UNLISTED, meaning, count))
    return found


def _unlisted_condition(line: Line, schema: Schema) -> str:
    values = value_map(line)
    if line.convert != "picklist" or not values or not line.to_salesmanago:
        return ""
    [field] = line.salesforce
    if field not in schema.fields or not schema.fields[field].filterable:
        return ""
    filled = Leaf(field=field, op="is_null", value=False)
    other = Leaf(field=field, op="not_in", value=tuple(value for value in values if value))
    return to_soql(All(all=(filled, other)), {field: schema.fields[field].type})
