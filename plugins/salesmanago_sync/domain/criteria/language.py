"""Criteria: which records take part, as data. One small language, two back ends (`criteria_soql`, `criteria_mask`).

A criterion is `{all: […]}`, `{any: […]}`, `{not: …}` or a condition `{field: …, op: …, value: …}`. Every condition is
either true or false of a record, so that `not` is its exact opposite:

- A blank field meets no positive condition (`eq`, `lt`, `in`, `like`, `includes`, …).
- A blank field counts as different: it meets `ne`, `not_in`, `excludes`, and `not` of any positive condition.
- Booleans are never blank: nothing read is false. What cannot be read as the field's type (a birthday without a year)
  counts as blank.
- Text is compared without regard to case, trimmed; ids in their 15 and 18 character forms are the same.
- `includes` and `excludes` take groups: `[A;B, C]` means (A and B) or C.
- Days (`2026-01-31`, `today`, `yesterday`, `tomorrow`, `-30d`, `+2w`) are days of UTC; on a date-time field a day
  means all of it: `gt` is after its end, `le` up to its end.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from salesmanago_sync.domain.criteria.literals import Kind, kind_of, literal_fault, pattern
from salesmanago_sync.errors import ConfigurationError, Fault

Op = Literal[
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "in",
    "not_in",
    "like",
    "contains",
    "starts_with",
    "ends_with",
    "is_null",
    "includes",
    "excludes",
]
Scalar: TypeAlias = bool | int | float | datetime | date | str
COMPARISONS = ("lt", "le", "gt", "ge")
PATTERNS = ("like", "contains", "starts_with", "ends_with")
SETS = ("in", "not_in")
GROUPS = ("includes", "excludes")
# What each negative operator is the opposite of.
OPPOSITES: Mapping[str, str] = {"ne": "eq", "not_in": "in", "excludes": "includes"}
OPS_OF: Mapping[Kind, tuple[str, ...]] = {
    "text": ("eq", "ne", *SETS, *PATTERNS, "is_null"),
    "id": ("eq", "ne", *SETS, "is_null"),
    "boolean": ("eq", "ne"),
    "number": ("eq", "ne", *COMPARISONS, *SETS, "is_null"),
    "date": ("eq", "ne", *COMPARISONS, *SETS, "is_null"),
    "datetime": ("eq", "ne", *COMPARISONS, *SETS, "is_null"),
    "multipicklist": (*GROUPS, "is_null"),
}
# The longest string literal that SOQL takes.
LONGEST_TEXT = 4_000
SALESMANAGO_TYPES: dict[str, str] = {
    "contactId": "string",
    "email": "email",
    "name": "string",
    "phone": "phone",
    "fax": "phone",
    "company": "string",
    "externalId": "string",
    "state": "picklist",
    "address.streetAddress": "string",
    "address.zipCode": "string",
    "address.city": "string",
    "address.country": "string",
    "province": "string",
    "birthday": "date",
    "optedOut": "boolean",
    "optedOutPhone": "boolean",
    "score": "int",
    "deleted": "boolean",
    "invalid": "boolean",
    "mainContactOwner": "string",
    "tags": "multipicklist",
    "createdOn": "datetime",
    "modifiedOn": "datetime",
}


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Leaf(_Node):
    """A condition on one field."""

    field: str = Field(min_length=1, description="Field name of the side the criterion is about.")
    op: Op = Field(description="How the field is compared.")
    value: Scalar | tuple[Scalar, ...] = Field(description="What it is compared with; true or false for is_null.")

    @field_validator("field")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if name != name.strip() or _control_character(name):
            raise ValueError("a field name has no blanks around it and no control characters")
        return name

    @field_validator("value", mode="before")
    @classmethod
    def _scalars(cls, value: Any) -> Any:
        # The union of types would answer with one fault a member.
        for part in value if isinstance(value, (list, tuple)) else [value]:
            if not isinstance(part, Scalar):
                raise ValueError("a value is text, a number, a date, true or false; for a blank field use is_null")
        return value

    @model_validator(mode="after")
    def _value_fits(self) -> Leaf:
        fault = _value_fault(self.op, self.value)
        if fault:
            raise ValueError(f"{self.op} {fault}")
        return self

    @property
    def operands(self) -> tuple[Scalar, ...]:
        """The value or values as a tuple."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


class All(_Node):
    """Met when every part is."""

    parts: tuple[Criterion, ...] = Field(alias="all", min_length=1, description="Every one of these must be met.")


class Any_(_Node):  # noqa: N801 - typing owns the plain name
    """Met when at least one part is."""

    parts: tuple[Criterion, ...] = Field(alias="any", min_length=1, description="At least one of these must be met.")


class Not(_Node):
    """Met when its part is not."""

    part: Criterion = Field(alias="not", description="This must not be met.")


def _shape(value: Any) -> str | None:
    shapes: dict[type, str] = {All: "all", Any_: "any", Not: "not", Leaf: "leaf"}
    if type(value) in shapes:
        return shapes[type(value)]
    keys = value.keys() if isinstance(value, Mapping) else ()
    if {"field", "op", "value"} & set(keys):
        return "leaf"
    return next((shape for shape in ("all", "any", "not") if shape in keys), None)


Criterion: TypeAlias = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[Any_, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Leaf, Tag("leaf")],
    Discriminator(
        _shape,
        custom_error_type="criterion_shape",
        custom_error_message="a criterion is {all: […]}, {any: […]}, {not: …} or {field: …, op: …, value: …}",
    ),
]
for _model in (All, Any_, Not):
    _model.model_rebuild()


def _control_character(text: str) -> bool:
    # SOQL has escapes for line breaks and tabs only; a lone surrogate cannot be sent as UTF-8.
    return any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\r\t" for char in text)


def _text_fault(text: str) -> str:
    if not text.strip():
        return "needs text that is not blank; to ask for a blank field use is_null"
    if _control_character(text):
        return "cannot take control characters"
    return f"takes at most {LONGEST_TEXT} characters" if len(text) > LONGEST_TEXT else ""


def _scalar_fault(value: Scalar) -> str:
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, float) and not abs(value) < float("inf"):
        return "needs a finite number"
    return ""


def _pattern_fault(op: str, value: Any) -> str:
    if not isinstance(value, str):
        return "needs one text as its value"
    if op == "like" and pattern(op, value) is None:
        return r"takes \ only before %, _ and \ itself"
    return _text_fault(value)


def _list_fault(value: Any) -> str:
    if not isinstance(value, tuple) or not value:
        return "needs a list of values that is not empty"
    return next(filter(None, map(_scalar_fault, value)), "")


def _groups_fault(value: Any) -> str:
    groups = value if isinstance(value, tuple) else (value,)
    if not groups or not all(isinstance(group, str) for group in groups):
        return "needs a text or a list of texts"
    parts = [part for group in groups for part in group.split(";")]
    return next(filter(None, map(_text_fault, parts)), "")


def _single_fault(op: str, value: Any) -> str:
    if isinstance(value, tuple):
        return f"needs one value, not a list{'; for a list use in or not_in' if op in {'eq', 'ne'} else ''}"
    if op in COMPARISONS and isinstance(value, bool):
        return "cannot compare with true or false"
    return _scalar_fault(value)


def _value_fault(op: str, value: Any) -> str:
    if op == "is_null":
        return "" if isinstance(value, bool) else "needs true or false as its value"
    if op in PATTERNS:
        return _pattern_fault(op, value)
    if op in SETS:
        return _list_fault(value)
    return _groups_fault(value) if op in GROUPS else _single_fault(op, value)


def leaves(criterion: Criterion) -> Iterator[Leaf]:
    """Give every condition in a criterion, in the order it is written."""
    if isinstance(criterion, Leaf):
        yield criterion
        return
    for part in (criterion.part,) if isinstance(criterion, Not) else criterion.parts:
        yield from leaves(part)


def fields_of(criterion: Criterion) -> set[str]:
    """Name the fields that a criterion looks at."""
    return {leaf.field for leaf in leaves(criterion)}


def type_of(field: str, types: Mapping[str, str]) -> str | None:
    """Name the describe type of a field; a standard detail of SALESmanago is always text."""
    return types.get(field, "string" if field.startswith("properties.") else None)


def check_types(criterion: Criterion, types: Mapping[str, str]) -> list[str]:
    """Compare the conditions with the types of their fields.

    Args:
        criterion: What to check.
        types: Describe type by field name.

    Returns:
        One sentence a fault; nothing when every condition fits.
    """
    return [f"{leaf.field}: {fault}" for leaf in leaves(criterion) if (fault := _type_fault(leaf, types))]


def checked_kind(leaf: Leaf, types: Mapping[str, str]) -> Kind:
    """Give the kind of a condition's field.

    Raises:
        ConfigurationError: The condition does not fit the field, which `check_types` would have said before.
    """
    kind = kind_of(type_of(leaf.field, types) or "")
    fault = _type_fault(leaf, types)
    if kind is None or fault:
        raise ConfigurationError([Fault(f"criteria, {leaf.field}", fault)])
    return kind


def _type_fault(leaf: Leaf, types: Mapping[str, str]) -> str:
    name = type_of(leaf.field, types)
    if name is None:
        return "there is no such field"
    kind = kind_of(name)
    if kind is None:
        return f"a field of type {name} cannot be used in criteria"
    if leaf.op not in OPS_OF[kind]:
        return f"{leaf.op} does not fit a field of type {name}; use one of {', '.join(OPS_OF[kind])}"
    if leaf.op == "is_null":
        return ""
    faults = (literal_fault(operand, kind, name) for operand in leaf.operands)
    return next(filter(None, faults), "")


_WORDS: Mapping[str, str] = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "in": "is one of",
    "not_in": "is none of",
    "like": "is like",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "includes": "includes",
    "excludes": "does not include",
}


def _quoted(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _leaf_words(leaf: Leaf) -> str:
    if leaf.op == "is_null":
        return f"{leaf.field} is {'' if leaf.value else 'not '}blank"
    return f"{leaf.field} {_WORDS[leaf.op]} {' or '.join(map(_quoted, leaf.operands))}"


def in_words(criterion: Criterion) -> str:
    """Say a criterion in plain words."""
    if isinstance(criterion, Leaf):
        return _leaf_words(criterion)
    if isinstance(criterion, Not):
        return f"not ({in_words(criterion.part)})"
    link = " and " if isinstance(criterion, All) else " or "
    return link.join(
        in_words(part) if isinstance(part, (Leaf, Not)) else f"({in_words(part)})" for part in criterion.parts
    )
