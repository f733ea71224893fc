"""The shape of a mapping: pydantic's errors in the words of the file's author."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from salesmanago_sync.domain.mapping_files.file import KeyPath
from salesmanago_sync.domain.mapping_files.model import Detail, Line, Mapping
from salesmanago_sync.domain.mapping_files.rules import Breach, choices

# What has keys of its own; whatever else has some is a criterion.
PARTS: dict[KeyPath, type[BaseModel]] = {
    (): Mapping,
    ("fields",): Line,
    ("details",): Detail,
    **{
        (name,): field.annotation
        for name, field in Mapping.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    },
}
CRITERION_KEYS = ("all", "any", "not", "field", "op", "value")
KINDS = {
    "string_type": "text (in quotes, if it looks like something else)",
    "tuple_type": "a list: [a, b]",
    "dict_type": "keys and values: {a: b}",
    "model_type": "keys and values: {a: b}",
    "model_attributes_type": "keys and values: {a: b}",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a number",
    "float_type": "a number",
}


def shape_breaches(values: dict[str, Any]) -> Iterator[Breach]:
    """Check keys, types and choices.

    Args:
        values: What the file holds.

    Yields:
        One breach for each place, though pydantic names a union once for each of its members.
    """
    try:
        Mapping.model_validate(values)
    except ValidationError as failure:
        places: dict[KeyPath, list[ErrorDetails]] = {}
        for error in failure.errors(include_url=False):
            absent = error["type"] in ("missing", "extra_forbidden")
            places.setdefault(_path(error["loc"], values, absent=absent), []).append(error)
        for path, errors in places.items():
            # Pydantic does not count entries that are wrong themselves.
            if not (errors[0]["type"] == "too_short" and errors[0]["input"]):
                yield _breach(path, errors)


def _breach(path: KeyPath, errors: list[ErrorDetails]) -> Breach:
    first = errors[0]
    match first["type"]:
        case "extra_forbidden":
            return _unknown_key(path)
        case "missing":
            return Breach(path, "the key is missing.", f"Add {path[-1]}.", is_lack=True)
        case "literal_error":
            return _wrong_choice(path, first["input"], _literals(first))
        case "too_short" | "string_too_short":
            return Breach(path, "it is empty.", "Give at least one value.", is_lack=True)
    fitting = list(dict.fromkeys(name for error in errors for name in _fitting(error)))
    if fitting:
        return Breach(path, f"{_shown(first['input'])} does not fit here.", f"Write {' or '.join(fitting)}.")
    return Breach(path, f"{_shown(first['input'])}: {first['msg'].removeprefix('Value error, ')}.")


def _fitting(error: ErrorDetails) -> list[str]:
    kind = KINDS.get(error["type"])
    return [kind] if kind is not None else [repr(choice) for choice in _literals(error)]


def _literals(error: ErrorDetails) -> list[str]:
    expected = str(error.get("ctx", {}).get("expected", "")) if error["type"] == "literal_error" else ""
    return re.findall(r"'([^']*)'", expected)


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
