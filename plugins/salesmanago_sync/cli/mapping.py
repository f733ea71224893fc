"""`airflow salesmanago mapping`: mapping files checked with all their faults, and a first one written."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from salesmanago_sync.cli.console import Exit, command, complain, show, working
from salesmanago_sync.domain.mapping_files.json_schema import DESTINATION, schema_text
from salesmanago_sync.domain.mapping_files.model import FILES, SOBJECTS
from salesmanago_sync.domain.org.describe import Schema
from salesmanago_sync.domain.org.starter import starter
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.mappings import MappingOverview, PlacedFault, read_files, read_overview
from salesmanago_sync.settings import load_settings


@command
def check(args: Namespace) -> Exit:
    """Check the files of a folder, with --live against the org too."""
    overview = _overview(args)
    show(list(_rows(overview)), args.output)
    if overview.trouble:
        complain(f"The org could not be asked: {overview.trouble}")
    return Exit.FAULT if overview.faults or overview.trouble else Exit.WELL


def _overview(args: Namespace) -> MappingOverview:
    folder = Path(args.folder) if args.folder else load_settings().mappings
    if not args.live:
        return read_files(folder)
    with working("Asking the org"), console_ports() as ports:
        return read_overview(ports, folder=folder)


def _rows(overview: MappingOverview) -> Iterator[dict[str, Any]]:
    for fault in overview.faults:
        yield _row("fault", fault)
    for table in overview.tables:
        yield from (_row("warning", warning) for warning in table.warnings)
    faulty = {fault.file for fault in overview.faults}
    for table in overview.tables:
        if table.file not in faulty:
            yield _row("ok", PlacedFault(table.file, None, "", f"{table.object}, {len(table.rows)} fields.", ""))


def _row(result: str, fault: PlacedFault) -> dict[str, Any]:
    return {
        "result": result,
        "file": fault.file,
        "line": fault.line,
        "key": fault.key,
        "what": fault.what,
        "fix": fault.fix,
    }


@command
def init(args: Namespace) -> Exit:
    """Write a starter for an object, from the org's describe."""
    file = Path(args.folder or load_settings().mappings) / FILES[args.object]
    if file.exists() and not args.force:
        what = "exists already, and is not overwritten."
        raise ConfigurationError([Fault(str(file), what, "Name another --folder, or give --force.")])
    if not file.parent.is_dir():
        raise ConfigurationError([Fault(str(file.parent), "is not a folder.", "Make it, or name another --folder.")])
    with working("Asking the org"), console_ports() as ports:
        schema = Schema.from_describe(ports.salesforce.describe(SOBJECTS[args.object]))
    file.write_text(starter(args.object, schema), encoding="utf-8")
    # The starter names it; of this version, so that it knows what this version reads.
    (file.parent / DESTINATION.name).write_text(schema_text(), encoding="utf-8")
    show([{"object": args.object, "file": str(file)}], args.output)
    return Exit.WELL
