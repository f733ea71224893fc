"""Mappings as a person is shown them: each as a table, criteria in words and as SOQL, faults with file and line.

What is in the files is told without asking anybody; the rest is read from the org, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from salesmanago_sync.domain.criteria.language import Criterion, in_words
from salesmanago_sync.domain.mapping_files.file import KeyPath
from salesmanago_sync.domain.mapping_files.mapping import Line, Mapping, Mappings, read_mappings
from salesmanago_sync.domain.org.schema import Schema, check, parents_of, takes_part, warnings
from salesmanago_sync.errors import Fault, Place, SyncError
from salesmanago_sync.overview.coverage import Coverage, cover
from salesmanago_sync.overview.meeting import read_meeting
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import Source

ARROWS = {"both": "↔", "to_salesmanago": "→", "to_salesforce": "←"}
RULES = {
    "newest": "the newer edit wins",
    "salesforce": "Salesforce wins",
    "salesmanago": "SALESmanago wins",
    "hold": "neither is written: an issue",
}


@dataclass(frozen=True, slots=True)
class PlacedFault:
    """One thing that is wrong in a mapping, or works less well than its author may think.

    Attributes:
        file: Name of the file; empty where the fault is elsewhere.
        line: Number of the line.
        key: The key, as `fields[2].convert`; or where else it is.
        what: What is wrong.
        fix: What to do, with the valid choices.
    """

    file: str
    line: int | None
    key: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One line of a mapping.

    Attributes:
        salesforce: Salesforce fields; empty for a constant.
        label: What people in Salesforce call the field; empty where the org was not asked.
        arrow: `↔`, `→` (to SALESmanago) or `←`.
        direction: The same as the file says it.
        salesmanago: SALESmanago field.
        converter: The converter with its options, in words.
        conflict: Who wins when both sides changed: a rule of the file; empty where only one side writes.
        rule: The same in words.
        blank: `keep` or `propagate`.
        truncate: Whether a value that is too long is cut.
        detail: Whether it is one of the SALESmanago details.
        line: Number of the line in the file.
    """

    salesforce: tuple[str, ...]
    label: str
    arrow: str
    direction: str
    salesmanago: str
    converter: str
    conflict: str
    rule: str
    blank: str
    truncate: bool
    detail: bool
    line: int | None


@dataclass(frozen=True, slots=True)
class CriteriaRow:
    """Which records of one side take part, or are created.

    Attributes:
        about: `Salesforce records that take part`, and so on.
        words: The criterion in words.
        soql: The compiled query; empty where it is not asked by SOQL, or the org was not asked.
        count: How many records meet it; None where nobody knows.
        counted_at: When that was counted; None where it was just now.
    """

    about: str
    words: str
    soql: str = ""
    count: int | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MappingTable:
    """One mapping.

    Attributes:
        object: The object.
        file: Name of its file.
        enabled: What the file says: `true`, `false` or `auto`.
        takes_part: Whether it is taken in this org; None where the org was not asked.
        settings: Keys of the file with their values, in words.
        criteria: Who takes part.
        rows: Its lines.
        faults: What stops a run, by comparison with the org.
        warnings: What stops nothing.
        coverage: What the mapping leaves open; None where the org was not asked.
    """

    object: str
    file: str
    enabled: str
    takes_part: bool | None
    settings: Dictionary[str, str]
    criteria: tuple[CriteriaRow, ...]
    rows: tuple[FieldRow, ...]
    faults: tuple[PlacedFault, ...] = ()
    warnings: tuple[PlacedFault, ...] = ()
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class MappingOverview:
    """All mappings.

    Attributes:
        folder: Where the files are.
        tables: The mappings whose files can be read.
        faults: Every fault: of the files, and of the mappings compared with the org.
        trouble: Why the org could not be asked; empty when it was, or was not to be.
        unread: Names of the files of which nothing could be compared with the org.
    """

    folder: str
    tables: tuple[MappingTable, ...]
    faults: tuple[PlacedFault, ...]
    trouble: str = ""
    unread: tuple[str, ...] = ()


def read_files(folder: Path) -> MappingOverview:
    """Read the mapping files of a folder; nobody is asked."""
    found = read_mappings(folder)
    return MappingOverview(str(folder), tuple(map(_table, found.whole)), tuple(map(_placed, found.faults)))


def read_digests(folder: Path) -> dict[str, str]:
    """Read the digests of the mappings that are not switched off, by object, as far as their files can be read."""
    return {one.object: one.digest for one in read_mappings(folder).whole if one.enabled is not False}


def read_overview(ports: Ports, folder: Path | None = None) -> MappingOverview:
    """Read the mapping files and compare them with the org, as far as it answers.

    One describe an object is asked, and one count for each criterion and value list.

    Args:
        ports: What is read; nothing is written.
        folder: Where the files are; the setting's folder by default.
    """
    folder = folder or ports.settings.mappings
    return compared(ports, str(folder), read_mappings(folder))


def compared(ports: Ports, folder: str, found: Mappings) -> MappingOverview:
    """Compare mappings with the org, as far as it answers.

    Args:
        ports: What is read; nothing is written.
        folder: Where their files are.
        found: The mappings.
    """
    tables, faults = tuple(map(_table, found.whole)), list(map(_placed, found.faults))
    unread = _unread(found)
    schemas: dict[str, Schema] = {}
    try:
        _describe_all(ports, (*found.whole, *found.parts), schemas)
        for part in found.parts:
            faults += map(_placed, _org_faults(part, schemas))
        tables = tuple(
            _compare(ports, schemas, mapping, table) for mapping, table in zip(found.whole, tables, strict=True)
        )
    except SyncError as error:
        return MappingOverview(folder, tables, tuple(faults), str(error), unread)
    faults += [fault for table in tables for fault in table.faults]
    return MappingOverview(folder, tables, tuple(_in_order(faults)), unread=unread)


def faults_of(found: Mappings) -> tuple[PlacedFault, ...]:
    """Give everything that is wrong with mappings by themselves; nobody is asked."""
    return tuple(_in_order(map(_placed, found.faults)))


def all_faults(ports: Ports, found: Mappings) -> tuple[PlacedFault, ...]:
    """Find everything that is wrong with mappings, by themselves and compared with the org.

    Raises:
        SyncError: The org does not answer.
    """
    schemas: dict[str, Schema] = {}
    mappings = (*found.whole, *found.parts)
    _describe_all(ports, mappings, schemas)
    of_org = [fault for mapping in mappings for fault in _org_faults(mapping, schemas)]
    return tuple(_in_order(map(_placed, (*found.faults, *of_org))))


def _unread(found: Mappings) -> tuple[str, ...]:
    """Name the files of which nothing could be compared with the org."""
    read = {mapping.where(()).file for mapping in (*found.whole, *found.parts)}
    named = [fault.where.file for fault in found.faults if isinstance(fault.where, Place)]
    return tuple(dict.fromkeys(file for file in named if file and file not in read))


def _in_order(faults: Iterable[PlacedFault]) -> list[PlacedFault]:
    """Put the faults of each file in the order of its lines, and say what two checks found once."""
    return sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line or 0))


def _org_faults(mapping: Mapping, schemas: dict[str, Schema]) -> list[Fault]:
    schema = schemas[mapping.sobject]
    nothing = mapping.object == "PersonAccount" and not schema.has_person_accounts
    return [] if nothing and not takes_part(mapping, schema) else check(mapping, schema, parents=schemas)


def _describe_all(ports: Ports, mappings: Sequence[Mapping], schemas: dict[str, Schema]) -> None:
    """Describe the objects of mappings, and the parents whose fields they read."""

    def describe(names: Iterable[str]) -> None:
        for name in sorted(set(names) - schemas.keys()):
            schemas[name] = Schema.from_describe(ports.salesforce.describe(name))

    describe(mapping.sobject for mapping in mappings)
    for mapping in mappings:
        describe(parents_of(mapping, schemas[mapping.sobject]))


def _placed(fault: Fault) -> PlacedFault:
    place = fault.where if isinstance(fault.where, Place) else Place("", key=fault.where)
    return PlacedFault(place.file, place.line, place.key, fault.what, fault.fix)


def _table(mapping: Mapping) -> MappingTable:
    top = mapping.where(())
    return MappingTable(
        object=mapping.object,
        file=top.file,
        enabled=str(mapping.enabled).lower(),
        takes_part=None,
        settings=_settings(mapping),
        criteria=_criteria(mapping),
        rows=tuple(_row(mapping, path, line) for path, line in mapping.entries),
    )


def _settings(mapping: Mapping) -> dict[str, str]:
    fills = {"last_name_when_empty": mapping.last_name_when_empty}
    if mapping.object == "Lead":
        fills["company_when_empty"] = mapping.company_when_empty
    told = {
        "conflict": RULES[mapping.conflict],
        "opt_in": mapping.opt_in,
        "on_leave": mapping.on_leave if mapping.on_leave != "tag" else f"tag {mapping.leave_tag}",
    }
    return told | {
        name: f"fill with {policy.value}" if policy.action == "fill" else "skip" for name, policy in fills.items()
    }


def _criteria(mapping: Mapping) -> tuple[CriteriaRow, ...]:
    create = mapping.create.in_salesforce
    creates = create if not isinstance(create, bool) else None
    return (
        CriteriaRow("Salesforce records that take part", _words(mapping.criteria.salesforce, "all")),
        CriteriaRow("SALESmanago contacts that take part", _words(mapping.criteria.salesmanago, "all")),
        CriteriaRow("Salesforce records that are created in SALESmanago", _all_or_none(mapping.create.in_salesmanago)),
        CriteriaRow(
            "SALESmanago contacts that are created in Salesforce", _words(creates, _all_or_none(create is not False))
        ),
    )


def _words(criterion: Criterion | None, otherwise: str) -> str:
    return otherwise if criterion is None else in_words(criterion)


def _all_or_none(everybody: bool) -> str:
    return "all who take part" if everybody else "none"


def _row(mapping: Mapping, path: KeyPath, line: Line) -> FieldRow:
    conflict, rule = _rule(mapping, line)
    return FieldRow(
        salesforce=line.salesforce,
        label="",
        arrow=ARROWS[line.direction],
        direction=line.direction,
        salesmanago=line.salesmanago,
        converter=_converter(line),
        conflict=conflict,
        rule=rule,
        blank=line.blank,
        truncate=line.truncate,
        detail=path[0] == "details",
        line=mapping.where(path).line,
    )


def _rule(mapping: Mapping, line: Line) -> tuple[str, str]:
    if line.convert == "consent":
        return "", "an opt-out wins"
    if line.direction != "both":
        return "", "the source overwrites"
    if line.convert == "tags":
        return "", "tag by tag"
    rule = line.rule(mapping)
    return rule, RULES[rule]


def _converter(line: Line) -> str:
    options = {
        "region": line.region,
        "value": line.value,
        "values": None if line.values is None else f"{len(line.values)} values",
    }
    told = ", ".join(f"{value}" for value in options.values() if value is not None)
    return f"{line.convert} ({told})" if told else line.convert


def _compare(ports: Ports, schemas: dict[str, Schema], mapping: Mapping, table: MappingTable) -> MappingTable:
    schema = schemas[mapping.sobject]
    taken = takes_part(mapping, schema)
    if mapping.object == "PersonAccount" and not schema.has_person_accounts and not taken:
        return replace(table, takes_part=False)  # nothing of it exists here
    faults = tuple(map(_placed, _org_faults(mapping, schemas)))
    source = Source(mapping, schema)
    return replace(
        table,
        takes_part=taken,
        criteria=table.criteria if faults else _all_counted(ports, source, table.criteria),
        rows=tuple(replace(row, label=_label(row, schema)) for row in table.rows),
        faults=faults,
        warnings=tuple(map(_placed, warnings(mapping, schema))),
        coverage=cover(ports, source, faulty=bool(faults)),
    )


def _label(row: FieldRow, schema: Schema) -> str:
    return " + ".join(schema.fields[name].label for name in row.salesforce if name in schema.fields)


def _all_counted(ports: Ports, source: Source, rows: Sequence[CriteriaRow]) -> tuple[CriteriaRow, ...]:
    """Count records now; SALESmanago counts nothing by a criterion, so contacts as they were read last."""
    records, contacts, created, wanted = rows
    met = read_meeting(ports.ledger, source.mapping.object, source.mapping.digest)
    if met is not None:
        contacts = replace(contacts, count=met.take_part, counted_at=met.at)
        wanted = replace(wanted, count=met.wanted, counted_at=met.at)
    return _counted(ports, source, records), contacts, created, wanted


def _counted(ports: Ports, source: Source, row: CriteriaRow) -> CriteriaRow:
    condition, sobject = source.condition(ports.now()), source.mapping.sobject
    where = f" WHERE {condition}" if condition else ""
    # For people to read; the client writes its own.
    query = f"SELECT COUNT() FROM {sobject}{where}"  # noqa: S608
    return replace(row, soql=query, count=ports.salesforce.count(sobject, condition))
