"""What a mapping must hold beyond its shape: rules over a line, over all lines, and over the files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesmanago_sync.domain import salesmanago_fields
from salesmanago_sync.domain.converters import CONVERTERS
from salesmanago_sync.domain.criteria.language import All, Criterion, Leaf, Not, check_types, type_of
from salesmanago_sync.domain.mapping_files.file import KeyPath
from salesmanago_sync.domain.mapping_files.model import Line
from salesmanago_sync.domain.tags import spell_tag

# An org has hundreds of fields; a message that lists them all hides what matters.
LISTED = 30
OPTIONS = ("region", "values", "value")
# SALESmanago fields that only one converter can serve.
NEEDED_CONVERTER = {"email": "email", "birthday": "date", "tags": "tags"} | dict.fromkeys(
    salesmanago_fields.CONSENTS, "consent"
)
# Converters that serve no other field.
BOUND_CONVERTERS = ("tags", "consent")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a mapping breaks.

    Attributes:
        path: The key that breaks it.
        what: What is wrong.
        fix: What to do.
        is_lack: Whether something is not there: of a part of a file that says nothing.
    """

    path: KeyPath
    what: str
    fix: str = ""
    is_lack: bool = False


def choices(wrong: str, valid: Iterable[str]) -> str:
    """Propose the nearest valid name, and list the others unless they are too many to read.

    Args:
        wrong: The name that is not known.
        valid: The names that are.

    Returns:
        A sentence or two.
    """
    names = sorted(set(valid))
    folded = {name.casefold(): name for name in names}
    near = [folded[name] for name in difflib.get_close_matches(wrong.casefold(), folded, n=3)]
    guess = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    return guess + (f"Valid: {', '.join(names)}." if len(names) <= LISTED else "")


def line_breaches(path: KeyPath, line: Line) -> Iterator[Breach]:
    """Check one line by itself."""
    yield from _target_breaches(path, line)
    yield from _pairing_breaches(path, line)
    if line.convert in CONVERTERS:
        yield from _converter_breaches(path, line)
    else:
        yield _unknown_converter((*path, "convert"), line.convert)
    if line.key == "email":
        yield from _key_breaches(path, line)
    if line.to_salesforce and any("." in field for field in line.salesforce):
        yield Breach(
            (*path, "salesforce"),
            f"{', '.join(line.salesforce)} belongs to a parent record, which the sync only reads.",
            "Set direction: to_salesmanago.",
        )


def name_breaches(path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Breach]:
    """Check the names on a line of a wrong shape: of what it would do nothing can be said."""
    key, convert = entry.get("salesmanago"), entry.get("convert")
    if isinstance(key, str) and path[0] == "fields":
        yield from _unknown_target((*path, "salesmanago"), key)
    if isinstance(convert, str) and convert not in CONVERTERS:
        yield _unknown_converter((*path, "convert"), convert)


def _unknown_converter(path: KeyPath, name: str) -> Breach:
    return Breach(path, f"there is no converter {name!r}.", choices(name, CONVERTERS))


def _unknown_target(path: KeyPath, key: str) -> Iterator[Breach]:
    known = (*salesmanago_fields.STANDARD, *salesmanago_fields.OWNED_BY_SYNC)
    if key not in known and not salesmanago_fields.is_detail(key):
        valid = (*salesmanago_fields.STANDARD, "properties.<name>")
        yield Breach(path, f"SALESmanago has no standard field {key!r}.", choices(key, valid))


def _target_breaches(path: KeyPath, line: Line) -> Iterator[Breach]:
    key, at = line.key, (*path, "salesmanago")
    if key in salesmanago_fields.OWNED_BY_SYNC:
        yield Breach(at, f"{key!r} is kept by the sync itself.", "Remove the line.")
    yield from _unknown_target(at, key)
    if key in salesmanago_fields.WRITE_ONLY and line.direction != "to_salesmanago":
        yield Breach(at, f"SALESmanago never tells {key!r}.", "Set direction: to_salesmanago.")
    if key in salesmanago_fields.READ_ONLY and line.direction != "to_salesforce":
        yield Breach(at, f"SALESmanago sets {key!r} itself.", "Set direction: to_salesforce.")
    if key == "state":
        yield from _state_breaches(path, line)


def _key_breaches(path: KeyPath, line: Line) -> Iterator[Breach]:
    """The address tells people apart: it is never cut, and never emptied."""
    if line.truncate:
        yield Breach((*path, "truncate"), "an address that is cut is somebody else's.", "Remove the key.")
    if line.blank == "propagate":
        yield Breach((*path, "blank"), "the address is never emptied: it tells people apart.", "Set blank: keep.")


def _state_breaches(path: KeyPath, line: Line) -> Iterator[Breach]:
    given = list(line.values.values()) if isinstance(line.values, dict) else list(line.values or ())
    options = [("values", value) for value in given] + ([("value", line.value)] if line.value is not None else [])
    for option, value in options:
        if value not in salesmanago_fields.STATES:
            fix = choices(str(value), salesmanago_fields.STATES)
            yield Breach((*path, option), f"{value!r} is not a contact state.", fix)


def _pairing_breaches(path: KeyPath, line: Line) -> Iterator[Breach]:
    needed = NEEDED_CONVERTER.get(line.key)
    if needed is not None and line.convert != needed:
        yield Breach((*path, "convert"), f"{line.key!r} cannot take {line.convert!r}.", f"Set convert: {needed}.")
    elif needed is None and line.convert in BOUND_CONVERTERS:
        holders = ", ".join(key for key, name in NEEDED_CONVERTER.items() if name == line.convert)
        yield Breach(
            (*path, "salesmanago"), f"{line.key!r} cannot hold what {line.convert!r} makes.", f"Valid: {holders}."
        )


def _converter_breaches(path: KeyPath, line: Line) -> Iterator[Breach]:
    converter = CONVERTERS[line.convert]
    if line.direction not in converter.directions:
        yield Breach(
            (*path, "direction"),
            f"converter {line.convert!r} cannot go {line.direction!r}.",
            f"Valid: {', '.join(sorted(converter.directions))}.",
        )
    if len(line.salesforce) not in converter.fields:
        needed = " or ".join(str(count) for count in sorted(converter.fields))
        yield Breach(
            (*path, "salesforce"),
            f"converter {line.convert!r} needs {needed} Salesforce field(s), not {len(line.salesforce)}.",
        )
    given = {option for option in OPTIONS if getattr(line, option) is not None}
    for option in sorted(given - converter.options):
        taken = ", ".join(sorted(converter.options)) or "none"
        yield Breach((*path, option), f"converter {line.convert!r} has no option {option!r}.", f"Its options: {taken}.")
    for option in sorted(converter.required - given):
        yield Breach((*path, option), f"converter {line.convert!r} needs {option!r}.", f"Add {option}.")
    if converter.required <= given <= converter.options:
        yield from (Breach(path, f"{fault}.") for fault in converter.faults(line))


def lines_breaches(lines: Iterable[tuple[KeyPath, Line]]) -> Iterator[Breach]:
    """Check the lines of a mapping against each other."""
    lines = list(lines)
    yield from _repeated(((*path, "salesmanago"), line.key, "SALESmanago target") for path, line in lines)
    yield from _repeated(
        ((*path, "salesforce"), field, "Salesforce target")
        for path, line in lines
        if line.to_salesforce
        for field in line.salesforce
    )


def _repeated(uses: Iterable[tuple[KeyPath, str, str]]) -> Iterator[Breach]:
    first: dict[str, KeyPath] = {}
    for path, name, kind in uses:
        if name in first:
            yield Breach(path, f"the {kind} {name!r} is already used by {_entry(first[name])}.", "Keep one line.")
        first.setdefault(name, path)


def _entry(path: KeyPath) -> str:
    return f"{path[0]}[{path[1]}]"


def object_breaches(values: Mapping[str, Any]) -> Iterator[Breach]:
    """Check the mapping as a whole; takes the raw values, so that a faulty file is checked too."""
    name = values.get("object")
    if "company_when_empty" in values and name in ("Contact", "PersonAccount"):
        yield Breach(("company_when_empty",), f"{name} requires no Company.", "Remove the key: it is for Lead only.")
    if values.get("enabled") == "auto" and name in ("Lead", "Contact"):
        yield Breach(("enabled",), "'auto' is for PersonAccount only.", "Valid: true, false.")
    yield from _policy_breaches(values)
    yield from _creation_breaches(values)
    lines = values.get("fields")
    if isinstance(lines, list) and not any(
        isinstance(line, dict) and line.get("salesmanago") == "email" for line in lines
    ):
        yield Breach(
            ("fields",),
            "no line has the SALESmanago target 'email'.",
            "Add {salesforce: Email, salesmanago: email}: SALESmanago knows people by their address.",
            is_lack=True,
        )


def _creation_breaches(values: Mapping[str, Any]) -> Iterator[Breach]:
    """Nobody is created in Salesforce without the address."""
    create, fields = values.get("create"), values.get("fields")
    creates = isinstance(create, dict) and create.get("in_salesforce", False) is not False
    for number, line in enumerate(fields if creates and isinstance(fields, list) else ()):
        if isinstance(line, dict) and line.get("salesmanago") == "email" and line.get("direction") == "to_salesmanago":
            yield Breach(
                ("fields", number, "direction"),
                "records are created in Salesforce, and would have no address.",
                "Set direction: both, or create.in_salesforce: false.",
            )


def _policy_breaches(values: Mapping[str, Any]) -> Iterator[Breach]:
    """A Salesforce record has no tags of its own: only a mapped multi-select picklist can take one."""
    policy = values.get("on_delete")
    if not isinstance(policy, dict) or policy.get("in_salesforce") != "tag":
        return
    entries = values.get("fields")
    lines = [line for line in entries if isinstance(line, dict)] if isinstance(entries, list) else []
    given = next((line.get("values") for line in lines if line.get("salesmanago") == "tags"), None)
    tags = given.values() if isinstance(given, dict) else given if isinstance(given, list) else ()
    tag = spell_tag(str(values.get("delete_tag", "DELETED_IN_CRM")))
    if tag not in {spell_tag(str(name)) for name in tags}:
        yield Breach(
            ("on_delete", "in_salesforce"),
            f"no line of tags has {tag} among its values, so that Salesforce cannot hold it.",
            "Add it to the values of a line with the SALESmanago target tags, or choose opt_out, delete or nothing.",
        )


def criterion_breaches(path: KeyPath, criterion: Criterion, types: Mapping[str, str], side: str) -> Iterator[Breach]:
    """Check the conditions of a criterion against the fields of its side.

    Args:
        path: Where the criterion is.
        criterion: What to check.
        types: Describe type by field name.
        side: Whose fields they are, to say so.

    Yields:
        One breach a condition.
    """
    for place, condition in conditions(path, criterion):
        if type_of(condition.field, types) is None:
            fix = choices(condition.field, types)
            yield Breach((*place, "field"), f"{side} has no field {condition.field!r} to select by.", fix)
        else:
            yield from (Breach((*place, "value"), f"{fault}.") for fault in check_types(condition, types))


def conditions(path: KeyPath, criterion: Criterion) -> Iterator[tuple[KeyPath, Leaf]]:
    """Give every condition with its place in the file."""
    if isinstance(criterion, Leaf):
        yield path, criterion
    elif isinstance(criterion, Not):
        yield from conditions((*path, "not"), criterion.part)
    else:
        key = "all" if isinstance(criterion, All) else "any"
        for number, part in enumerate(criterion.parts):
            yield from conditions((*path, key, number), part)
