"""The shape of a mapping: pydantic's errors in the words of the file's author."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from salesmanago_sync.domain.mapping_file import KeyPath
from salesmanago_sync.domain.mapping_model import Create, Criteria, Detail, Line, Mapping, WhenEmpty
from salesmanago_sync.domain.mapping_rules import Breach, choices

PARTS: dict[KeyPath, type[BaseModel]] = {
    (): Mapping,
    ("fields",): Line,
    ("details",): Detail,
    ("criteria",): Criteria,
    ("create",): Create,
    ("company_when_empty",): WhenEmpty,
    ("last_name_when_empty",): WhenEmpty,
}
CRITERION_KEYS = ("all", "any", "not", "field", "op", "value")
KINDS = {
    "string_type": "text: put it in quotes",
    "tuple_type": "a name, or a list: [a, b]",
    "dict_type": "keys and values: {a: b}",
    "model_type": "keys and values: {a: b}",
    "model_attributes_type": "keys and values: {a: b}",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def shape_breaches(values: dict[str, Any]) -> Iterator[Breach]:
    """Check keys, types and choices.

    Args:
        values: What the file holds.

    Yields:
        One breach for each place, though a union names it once for each of its members.
    """
    try:
        Mapping.model_validate(values)
    except ValidationError as error:
        seen: set[tuple[KeyPath, str]] = set()
        for details in error.errors(include_url=False):
            breach = _breach(details, values)
            if (breach.path, breach.what) not in seen:
                seen.add((breach.path, breach.what))
                yield breach


def _breach(error: ErrorDetails, values: Any) -> Breach:
    path = _path(error["loc"], values, absent=error["type"] in ("missing", "extra_forbidden"))
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(path)
        case "missing":
            return Breach(path, "the key is missing.", f"Add {path[-1]}.")
        case "literal_error":
            valid = [quoted or bare for quoted, bare in re.findall(r"'([^']*)'|\b(True|False)\b", _context(error))]
            return _wrong_choice(
                path, error["input"], [name.lower() if name in ("True", "False") else name for name in valid]
            )
        case "too_short" | "string_too_short":
            return Breach(path, "it is empty.", "Give at least one value.")
        case kind if kind in KINDS:
            return Breach(
                path, f"{_shown(error['input'])} is not {KINDS[kind].partition(':')[0]}.", f"Write {KINDS[kind]}."
            )
    return Breach(path, f"{_shown(error['input'])} is not valid: {error['msg'].removeprefix('Value error, ')}.")


def _context(error: ErrorDetails) -> str:
    return str(error.get("ctx", {}).get("expected", ""))


def _path(location: Sequence[str | int], values: Any, *, absent: bool) -> KeyPath:
    """Follow a location of pydantic through the values; what is not there is the name of a union's member."""
    path: list[str | int] = []
    for number, part in enumerate(location, 1):
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            if not (absent and number == len(location)):
                continue
        path.append(part)
    return tuple(path)


def _unknown_key(path: KeyPath) -> Breach:
    key = str(path[-1])
    model = PARTS.get(tuple(part for part in path[:-1] if isinstance(part, str)))
    valid = list(model.model_fields) if model is not None else list(CRITERION_KEYS)
    return Breach(path, f"there is no key {key!r} here.", choices(key, valid))


def _wrong_choice(path: KeyPath, value: Any, valid: list[str]) -> Breach:
    hint = "Two-way values belong under fields, as properties.<name>. " if path[:1] == ("details",) else ""
    return Breach(path, f"{_shown(value)} is not a choice.", hint + choices(str(value), valid))


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
