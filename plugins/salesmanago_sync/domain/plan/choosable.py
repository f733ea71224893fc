"""Choosable: which values may be chosen for a field whose conflict is held, so that nothing is chosen to be refused."""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.converters.base import value_map
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.mapping_files.stand_ins import StandIns, stand_in
from salesmanago_sync.domain.merge.canonical import Column, columns
from salesmanago_sync.domain.merge.choices import NOT_MAPPED, ONE_WAY
from salesmanago_sync.domain.org.acceptance import cut_to_fit, misfits
from salesmanago_sync.domain.org.schema import Schema
from salesmanago_sync.domain.salesmanago_fields import STATES

UNREADABLE = "the value has a character that no service takes"
KEY = "another address cannot be chosen here: choose a side, or correct the address in one of the services"
TAG = "a tag is there or not: choose a side"
KEPT = "the mapping keeps values (blank: keep): nothing may be emptied"
SHOWN = 20


def column_of(mapping: Mapping, key: str) -> Column | str:
    """Find what is merged under a field key, or say why nothing can be chosen for it."""
    column = next((one for one in columns(mapping) if one.key == key), None)
    if column is None:
        return NOT_MAPPED
    return column if column.rule.direction == "both" else ONE_WAY


def read_typed(mapping: Mapping, column: Column, typed: str) -> tuple[str | None, str]:
    """Read a value that a person typed.

    Args:
        mapping: The object's mapping.
        column: The field.
        typed: As it was typed; nothing but spaces empties the field.

    Returns:
        The canonical value, None where it is blank; and why it cannot be chosen, or nothing.
    """
    if column.kind == "tag":
        return None, TAG
    if column.key == "email":
        return None, KEY
    if not _can_be_sent(typed):
        return None, UNREADABLE
    text = pd.Series([typed], dtype=TEXT)
    [value] = converter(column.line).from_salesmanago(text).astype("object")
    if pd.notna(value):
        [told] = StandIns.of([mapping]).blanked(column.line, column.key, text).astype("object")
        return str(value), "" if pd.notna(told) else f"{typed.strip()!r} stands for no value"
    if not typed.strip():
        return None, ""
    return None, f"the mapping's values do not have it; they are {_some(value_map(column.line) or {})}"


def why_not(mapping: Mapping, schema: Schema, column: Column, values: pd.Series, held: pd.Series) -> pd.Series:
    """Say why values cannot be written, as far as that is known before; nothing where they can.

    Args:
        mapping: The object's mapping.
        schema: What describe says of it.
        column: The field.
        values: Canonical values that both sides are to hold.
        held: What Salesforce holds; on the index of `values`.
    """
    told = pd.Series("", index=values.index, dtype=TEXT)
    blank = values.isna()
    if column.kind == "tag":
        return told
    if not column.rule.propagate_blank:
        told = told.mask(blank, KEPT)
    if column.key == "state":
        told = told.mask(~blank & ~values.isin(STATES), f"SALESmanago knows {', '.join(STATES)}")
    inward = ~values.eq(held).fillna(False).astype(bool) & ~(blank & held.isna())
    for field, misfit in _misfits(mapping, schema, column, values[inward]):
        told = told.mask(told.eq("") & told.index.isin(misfit), field)
    return told


def _misfits(mapping: Mapping, schema: Schema, column: Column, values: pd.Series) -> list[tuple[str, pd.Index]]:
    """What Salesforce would refuse, and whose."""
    fields = list(column.line.salesforce)
    if values.empty:
        return []
    nothing = pd.DataFrame({name: pd.Series(None, index=values.index, dtype=TEXT) for name in fields})
    native = converter(column.line).to_salesforce(cut_to_fit(column.line, schema, values), nothing)
    found = []
    for name in fields:
        sent = {key: None if pd.isna(value) else value for key, value in native[name].items()}
        found += [(misfit.text, misfit.persons) for misfit in misfits(sent, name, schema)]
        known = schema.fields.get(name)
        # A given name may be missing where there is a family name.
        emptied = values.index[values.isna()]
        if known is not None and not known.nillable and stand_in(mapping, name) is None and len(emptied):
            found.append((f"Salesforce requires {name}", emptied))
    return found


def _can_be_sent(typed: str) -> bool:
    try:
        typed.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in typed


def _some(values: dict[str, str]) -> str:
    names = list(dict.fromkeys(values.values()))
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
