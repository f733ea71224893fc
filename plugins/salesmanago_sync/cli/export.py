"""`airflow salesmanago export`: runs, their changes and the issues as files for a warehouse."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.cli.console import Exit, command, say, show
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.hooks.export_folder import ExportFolder
from salesmanago_sync.hooks.ports import console_ports, export_root
from salesmanago_sync.steps.exporting import export as step


@command
def export(args: Namespace) -> Exit:
    """Export what has ended since the last time."""
    pair = pair_of(args)
    with console_ports(pair) as ports:
        root = export_root(pair, ports.settings)
        stored = step(ports.ledger, ExportFolder(root), values=ports.settings.export_values)
    show([{**stored, "place": root}], args.output)
    if not ports.settings.export_values:
        say(
            "Old and new values and texts of issues are left out: SALESMANAGO_SYNC_EXPORT_VALUES=true takes them along."
        )
    return Exit.WELL
