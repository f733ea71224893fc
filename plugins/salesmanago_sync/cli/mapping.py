"""`airflow salesmanago mapping`: mapping files checked with all their faults, and a first one written."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from salesmanago_sync.actions.settings import begin_mapping, tell_mappings
from salesmanago_sync.cli.console import Exit, command, complain, show, working
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.domain.mapping_files.json_schema import DESTINATION, schema_text
from salesmanago_sync.domain.mapping_files.model import FILES
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.mappings import MappingOverview, read_files, read_overview


@command
def check(args: Namespace) -> Exit:
    """Check the files of a folder, with --live against the org too."""
    overview = _overview(args)
    found = tell_mappings(overview)
    show(found.spelled(), args.output)
    for text in found.told:
        complain(text)
    return Exit.FAULT if overview.faults or overview.trouble else Exit.WELL


def _overview(args: Namespace) -> MappingOverview:
    folder = Path(args.folder) if args.folder else settings_here(pair_of(args)).mappings
    if not args.live:
        return read_files(folder)
    with working("Asking the org"), console_ports(pair_of(args)) as ports:
        return read_overview(ports, folder=folder)


@command
def init(args: Namespace) -> Exit:
    """Write a starter for an object, from the org's describe."""
    file = Path(args.folder or settings_here(pair_of(args)).mappings) / FILES[args.object]
    if file.exists() and not args.force:
        what = "exists already, and is not overwritten."
        raise ConfigurationError([Fault(str(file), what, "Name another --folder, or give --force.")])
    if not file.parent.is_dir():
        raise ConfigurationError([Fault(str(file.parent), "is not a folder.", "Make it, or name another --folder.")])
    with working("Asking the org"), console_ports(pair_of(args)) as ports:
        [found] = begin_mapping(ports, args.object).rows
    file.write_text(found.text, encoding="utf-8")
    # The starter names it; of this version, so that it knows what this version reads.
    (file.parent / DESTINATION.name).write_text(schema_text(), encoding="utf-8")
    show([{"object": args.object, "file": str(file)}], args.output)
    return Exit.WELL
