"""Acceptance: which values Salesforce would refuse, told from describe before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.mapping import Line
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.org.field_types import NUMBER_TYPES
from salesmanago_sync.domain.salesforce_values import (
    FIRST_YEAR,
    LAST_YEAR,
    in_range,
    read_day,
    read_moment,
    read_number,
)

SHOWN = 20
# Fields of State and Country picklists: the text must be on the list of the field with its code.
PLACES = ("Country", "State")
TIMES: dict[str, Callable[[str], date | None]] = {"date": read_day, "datetime": read_moment}
WHOLE = frozenset({"int", "long"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """Values that a field would refuse.

    Attributes:
        reason: The reason code.
        text: The field, the rule and its limit.
        persons: Whose values.
    """

    reason: str
    text: str
    persons: pd.Index


def cut_to_fit(line: Line, schema: Schema, values: pd.Series) -> pd.Series:
    """Cut values to what Salesforce takes, where the mapping allows it.

    Args:
        line: The mapping line.
        schema: What describe says of its object.
        values: Canonical values.
    """
    limits = [schema.limit(field) for field in line.salesforce]
    if not line.truncate or len(limits) != 1 or limits[0] is None:
        return values
    cut: pd.Series = values.str.slice(0, limits[0]).str.rstrip()
    return cut


def misfits(values: Mapping[Any, Any], name: str, schema: Schema) -> Iterator[Misfit]:
    """Find the values that a Salesforce field would refuse.

    Args:
        values: JSON values by person.
        name: The field.
        schema: What describe says of its object.
    """
    field = schema.fields.get(name)
    text = pd.Series({person: value for person, value in values.items() if isinstance(value, str)}, dtype=TEXT)
    if field is None:
        return
    if len(text):
        yield from _too_long(text, name, schema)
        yield from _not_on_the_list(text, field, schema)
    wrong = _invalid(values, text, field)
    if len(wrong):
        yield Misfit("VALUE_INVALID", f"{name} takes {_asked(field)}", wrong)


def _too_long(text: pd.Series, name: str, schema: Schema) -> Iterator[Misfit]:
    limit = schema.limit(name)
    if limit is not None and (long := text.str.len() > limit).any():
        yield Misfit("VALUE_TOO_LONG", f"{name} takes {limit} characters", text.index[long])


def _not_on_the_list(text: pd.Series, field: FieldSchema, schema: Schema) -> Iterator[Misfit]:
    allowed, listed = schema.allowed(field.name), field
    if allowed is None and field.name.endswith(PLACES):
        listed = schema.fields.get(f"{field.name}Code", field)
        allowed = (*listed.picklist_labels, *listed.picklist) if listed.picklist_labels else None
    if allowed is None:
        return
    folded = {value.casefold() for value in allowed}
    foreign = [value.casefold() not in folded for value in text]
    if any(foreign):
        yield Misfit("VALUE_NOT_ALLOWED", f"{field.name} {_choices(allowed, listed)}", text.index[foreign])


def _choices(allowed: Sequence[str], listed: FieldSchema) -> str:
    """Say what is on a list; of a state's, which depends on the country, for which countries there is one."""
    offered_for = sorted({choice for choices in listed.valid_for for choice in choices})
    return f"accepts what this org lists for {_short(offered_for)}" if offered_for else f"accepts: {_short(allowed)}"


def _short(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + (" …" if len(words) > SHOWN else "")


def _invalid(values: Mapping[Any, Any], text: pd.Series, field: FieldSchema) -> pd.Index:
    """Name those whose value is none of the field's type; of most types any text is one."""
    if field.type == "email":
        unusable: pd.Index = text.index[normalise_email(text).isna()]
        return unusable
    judged = values if field.type in {*NUMBER_TYPES, *TIMES, "boolean"} else {}
    invalid: pd.Index = pd.Index([person for person, value in judged.items() if not _is_valid(value, field)])
    return invalid


def _is_valid(value: Any, field: FieldSchema) -> bool:
    if field.type in NUMBER_TYPES and isinstance(value, str | int | float) and not isinstance(value, bool):
        return _is_number(str(value), field)
    if not isinstance(value, str):
        return True
    if field.type in TIMES:
        found = TIMES[field.type](value)
        return found is not None and in_range(found)
    return field.type != "boolean"


def _is_number(text: str, field: FieldSchema) -> bool:
    number = read_number(text)
    if number is None or (field.type in WHOLE and number != number.to_integral_value()):
        return False
    return not field.whole_digits or abs(number) < 10**field.whole_digits


def _asked(field: FieldSchema) -> str:
    if field.type in NUMBER_TYPES:
        kind = "a whole number" if field.type in WHOLE else "a number"
        return f"{kind} of at most {field.whole_digits} digits before the point" if field.whole_digits else kind
    years = f"of the years {FIRST_YEAR} to {LAST_YEAR - 1}"
    kinds = {"date": f"a day as yyyy-MM-dd {years}", "datetime": f"a moment in ISO 8601 {years}"}
    return kinds.get(field.type, "true or false" if field.type == "boolean" else "an e-mail address")
