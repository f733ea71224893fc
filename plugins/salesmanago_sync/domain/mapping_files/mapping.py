"""Mappings: every file of a folder read, checked, and turned into models.

All faults of all files come in one error, each with file, line, key and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from salesmanago_sync.domain.criteria.language import SALESMANAGO_TYPES, All, Any_, Leaf, Not
from salesmanago_sync.domain.mapping_files.file import KeyPath, MappingFile, parse_mapping_file, read_mapping_file
from salesmanago_sync.domain.mapping_files.model import (
    Create,
    Criteria,
    Detail,
    Line,
    Mapping,
    ObjectName,
    WhenEmpty,
    card_entries,
)
from salesmanago_sync.domain.mapping_files.part import part_of, sound_criterion
from salesmanago_sync.domain.mapping_files.rules import (
    Breach,
    criterion_breaches,
    line_breaches,
    lines_breaches,
    name_breaches,
    object_breaches,
)
from salesmanago_sync.domain.mapping_files.shape import shape_breaches
from salesmanago_sync.errors import ConfigurationError, Fault

__all__ = [
    "Create",
    "Criteria",
    "Detail",
    "Line",
    "Mapping",
    "Mappings",
    "ObjectName",
    "WhenEmpty",
    "load_mappings",
    "mapping_paths",
    "mappings_of_texts",
    "read_mappings",
    "read_texts",
]

OBJECT_ORDER = get_args(ObjectName)
# The criteria over SALESmanago fields; those over Salesforce fields need the org's describe.
SALESMANAGO_CRITERIA = ((Criteria, "criteria", "salesmanago"), (Create, "create", "in_salesforce"))

M = TypeVar("M", bound=BaseModel)


def load_mappings(folder: Path) -> tuple[Mapping, ...]:
    """Read the mapping files of a folder.

    Args:
        folder: Where the `*.yaml` files are.

    Returns:
        Every mapping, enabled or not, in the order Lead, Contact, PersonAccount.

    Raises:
        ConfigurationError: With the faults of all files.
    """
    return _without_fault(read_mappings(folder))


@dataclass(frozen=True, slots=True)
class Mappings:
    """What the files of a folder hold.

    Attributes:
        whole: The mappings of the files without a fault, in the order Lead, Contact, PersonAccount.
        parts: What can be read of the others: to compare it with an org, never to synchronise by it.
        faults: All faults of all files.
    """

    whole: tuple[Mapping, ...]
    parts: tuple[Mapping, ...]
    faults: tuple[Fault, ...]


def read_mappings(folder: Path) -> Mappings:
    """Read the mapping files of a folder as far as they can be read, and tell what is wrong with them.

    Args:
        folder: Where the `*.yaml` files are.
    """
    return _checked(folder, [read_mapping_file(path) for path in mapping_paths(folder)])


def read_texts(texts: dict[str, bytes]) -> Mappings:
    """Read mappings from the texts of their files, by path, as far as they can be read."""
    return _checked(Path(), [parse_mapping_file(Path(path), text) for path, text in texts.items()])


def _without_fault(found: Mappings) -> tuple[Mapping, ...]:
    if found.faults:
        raise ConfigurationError(list(found.faults))
    return found.whole


def mapping_paths(folder: Path) -> list[Path]:
    """List the mapping files of a folder."""
    return sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))


def mappings_of_texts(texts: dict[str, bytes]) -> tuple[Mapping, ...]:
    """Read mappings from the texts of their files, as they were at some moment.

    Args:
        texts: Path of each file, and what it held.

    Returns:
        As `load_mappings`.

    Raises:
        ConfigurationError: With the faults of all files.
    """
    return _without_fault(read_texts(texts))


def _checked(folder: Path, files: list[MappingFile]) -> Mappings:
    wrong = {file.path: list(_breaches(file)) for file in files}
    found = {file.path: [*file.faults, *(_fault(file, breach) for breach in wrong[file.path])] for file in files}
    faults = [fault for own in found.values() for fault in own]
    for file, fault in _repeated_objects(files):
        found[file.path].append(fault)
        faults.append(fault)
    if not files:
        fix = "Lay out the shipped ones: airflow salesmanago init. Or name their folder: SALESMANAGO_SYNC_MAPPINGS."
        faults.append(Fault(str(folder), "there is no mapping file (*.yaml).", fix))
    whole = [Mapping.model_validate(file.values).read_from(file) for file in files if not found[file.path]]
    rest = [part_of(file, {breach.path for breach in wrong[file.path]}) for file in files if found[file.path]]
    return Mappings(_in_order(whole), _in_order(part for part in rest if part is not None), tuple(faults))


def _in_order(mappings: Iterable[Mapping]) -> tuple[Mapping, ...]:
    return tuple(sorted(mappings, key=lambda mapping: OBJECT_ORDER.index(mapping.object)))


def _fault(file: MappingFile, breach: Breach) -> Fault:
    return Fault(file.where(breach.path), breach.what, breach.fix)


def _repeated_objects(files: Iterable[MappingFile]) -> Iterator[tuple[MappingFile, Fault]]:
    first: dict[Any, MappingFile] = {}
    for file in files:
        name = file.values.get("object") if isinstance(file.values, dict) else None
        if name not in OBJECT_ORDER:
            continue
        if name in first:
            what = f"{name} is already mapped by {first[name].path.name}."
            yield file, Fault(file.where(("object",)), what, "Keep one file per object.")
        first.setdefault(name, file)


def _breaches(file: MappingFile) -> Iterator[Breach]:
    if isinstance(file.values, dict):
        breaches = [*shape_breaches(file.values), *_rule_breaches(file.values)]
        # What is missing may be on a line that was left out.
        told = breaches if file.is_whole else [breach for breach in breaches if not breach.is_lack]
        yield from sorted(told, key=lambda breach: file.line(breach.path))
    elif not file.faults:
        yield Breach((), "the file holds no mapping.", "Start with object: Lead.")


def _rule_breaches(values: dict[str, Any]) -> Iterator[Breach]:
    """Check the parts of a right shape, so that one wrong key does not hide the other faults."""
    yield from object_breaches(values)
    lines = [*_lines(values, "fields", Line), *_lines(values, "details", Detail)]
    card = card_entries() if values.get("salesforce_card") is True else ()
    yield from (*_unsound(values, "fields", Line), *_unsound(values, "details", Detail))
    for path, line in lines:
        yield from line_breaches(path, line)
    for breach in lines_breaches([*lines, *card]):
        # The lines of the card have no keys of their own in the file.
        yield replace(breach, path=breach.path[:1]) if breach.path[:1] == ("salesforce_card",) else breach
    for model, part, key in SALESMANAGO_CRITERIA:
        given = values.get(part)
        asked = given.get(key) if isinstance(given, dict) else None
        sound = sound_criterion(asked, "salesmanago") if isinstance(asked, dict) else None
        criterion = getattr(_valid(model, {key: sound}), key, None)
        if isinstance(criterion, All | Any_ | Leaf | Not):
            yield from criterion_breaches((part, key), criterion, SALESMANAGO_TYPES, "SALESmanago")


def _entries(values: dict[str, Any], key: str) -> Iterator[tuple[KeyPath, Any]]:
    entries = values.get(key)
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        yield (key, number), entry


def _lines(values: dict[str, Any], key: str, model: type[Line] | type[Detail]) -> Iterator[tuple[KeyPath, Line]]:
    for path, entry in _entries(values, key):
        part = _valid(model, entry)
        if part is not None:
            yield path, part.line if isinstance(part, Detail) else part


def _unsound(values: dict[str, Any], key: str, model: type[Line] | type[Detail]) -> Iterator[Breach]:
    """Check at least the names on lines of a wrong shape."""
    for path, entry in _entries(values, key):
        if isinstance(entry, dict) and _valid(model, entry) is None:
            yield from name_breaches(path, entry)


def _valid(model: type[M], value: Any) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None
