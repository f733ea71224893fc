"""Settings: mapping files checked and begun, and everything examined that a run rests on."""

from __future__ import annotations

from dataclasses import dataclass

from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.domain.mapping_files.mapping import ObjectName
from salesmanago_sync.domain.mapping_files.model import FILES, SOBJECTS
from salesmanago_sync.domain.org.describe import Schema
from salesmanago_sync.domain.org.starter import starter
from salesmanago_sync.overview.diagnosis import rows_of
from salesmanago_sync.overview.mappings import MappingOverview, PlacedFault
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.checks import Findings
from salesmanago_sync.steps.ports import Ports


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """What was found in a mapping file.

    Attributes:
        result: `ok`, `warning` or `fault`.
        file: Name of the file.
        line: Number of the line.
        key: The key.
        what: What is wrong; of a file without a fault, what it holds.
        fix: What to do, with the valid choices.
    """

    result: str
    file: str
    line: int | None
    key: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class CheckedSetting:
    """What a check of the doctor found.

    Attributes:
        check: What was looked at.
        result: `ok`, `warning` or `fault`.
        finding: What was found.
        fix: What to do.
    """

    check: str
    result: str
    finding: str
    fix: str


@dataclass(frozen=True, slots=True)
class Starter:
    """A first mapping file.

    Attributes:
        object: The object.
        file: What it is called.
        text: Its lines.
    """

    object: str
    file: str
    text: str


def tell_mappings(overview: MappingOverview) -> Rows[CheckedLine]:
    """Say what was found in mapping files: faults, warnings, and the files without a fault."""
    faulty = {fault.file for fault in overview.faults}
    rows = [
        *(_line("fault", fault) for fault in overview.faults),
        *(_line("warning", warning) for table in overview.tables for warning in table.warnings),
        *(
            _line("ok", PlacedFault(table.file, None, "", f"{table.object}, {len(table.rows)} fields.", ""))
            for table in overview.tables
            if table.file not in faulty
        ),
    ]
    told = [f"The org could not be asked: {overview.trouble}"] if overview.trouble else []
    if overview.unread:
        told.append(f"Not compared with the org: {', '.join(overview.unread)}. Correct their own faults first.")
    return Rows[CheckedLine].of(rows, *told)


def tell_findings(pair: Pair, findings: Findings) -> Rows[CheckedSetting]:
    """Say what the checks of the doctor found."""
    return Rows[CheckedSetting].of([CheckedSetting(**row) for check in findings.checks for row in rows_of(check, pair)])


def begin_mapping(ports: Ports, name: ObjectName) -> Rows[Starter]:
    """Write a first mapping from what the org says of an object."""
    schema = Schema.from_describe(ports.salesforce.describe(SOBJECTS[name]))
    return Rows[Starter].of([Starter(name, FILES[name], starter(name, schema))])


def _line(result: str, fault: PlacedFault) -> CheckedLine:
    return CheckedLine(result, fault.file, fault.line, fault.key, fault.what, fault.fix)
