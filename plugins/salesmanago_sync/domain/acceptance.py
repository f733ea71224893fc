"""Acceptance: which values Salesforce would refuse, told from describe before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.describe import FieldSchema, Schema
from salesmanago_sync.domain.field_types import NUMBER_TYPES

SHOWN = 20
# Fields of State and Country picklists: the text must be on the list of the field with its code.
PLACES = ("Country", "State")


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


def misfits(values: Mapping[Any, Any], name: str, schema: Schema) -> Iterator[Misfit]:
    """Find the values that a Salesforce field would refuse.

    Args:
        values: JSON values by person.
        name: The field.
        schema: What describe says of its object.
    """
    field = schema.fields.get(name)
    text = pd.Series({person: value for person, value in values.items() if isinstance(value, str)}, dtype="str")
    if field is None or text.empty:
        return
    yield from _too_long(text, name, schema)
    yield from _not_on_the_list(text, field, schema)
    wrong = [not _is_valid(value, field.type) for value in text]
    if any(wrong):
        yield Misfit("VALUE_INVALID", f"{name} takes {_asked(field)}", text.index[wrong])


def _too_long(text: pd.Series, name: str, schema: Schema) -> Iterator[Misfit]:
    limit = schema.limit(name)
    if limit is not None and (long := text.str.len() > limit).any():
        yield Misfit("VALUE_TOO_LONG", f"{name} takes {limit} characters", text.index[long])


def _not_on_the_list(text: pd.Series, field: FieldSchema, schema: Schema) -> Iterator[Misfit]:
    allowed = schema.allowed(field.name)
    if allowed is None and field.name.endswith(PLACES):
        code = schema.fields.get(f"{field.name}Code")
        allowed = None if code is None or not code.picklist_labels else (*code.picklist_labels, *code.picklist)
    if allowed is None:
        return
    folded = {value.casefold() for value in allowed}
    foreign = [value.casefold() not in folded for value in text]
    if any(foreign):
        shown = ", ".join(allowed[:SHOWN]) + (" …" if len(allowed) > SHOWN else "")
        yield Misfit("VALUE_NOT_ALLOWED", f"{field.name} accepts: {shown}", text.index[foreign])


def _is_valid(value: str, kind: str) -> bool:
    if kind == "email":
        return bool(normalise_email(pd.Series([value], dtype="str")).notna().all())
    read: dict[str, Any] = {"date": date.fromisoformat, "datetime": datetime.fromisoformat}
    read |= dict.fromkeys(NUMBER_TYPES, float)
    try:
        read.get(kind, str)(value)
    except ValueError:
        return False
    return kind != "boolean"


def _asked(field: FieldSchema) -> str:
    kinds = {"date": "a day as yyyy-MM-dd", "datetime": "a moment in ISO 8601", "email": "an e-mail address"}
    return kinds.get(field.type, "true or false" if field.type == "boolean" else "a number")
