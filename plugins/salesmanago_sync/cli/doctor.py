"""`airflow salesmanago doctor`: every check of the preflight with what it found and what to do."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

from salesmanago_sync.actions.settings import tell_findings
from salesmanago_sync.cli.console import Exit, command, doing, show, working
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.errors import SyncError
from salesmanago_sync.hooks.diagnosis import diagnose_everything
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.steps.checks import Findings


@command
def doctor(args: Namespace) -> Exit:
    """Make every check and print it."""
    pair = pair_of(args)
    with working("Checking") as status:
        findings = Findings(caught=(SyncError,), announce=lambda name: status.update(doing(name)), with_words=True)
        diagnose_everything(pair, partial(console_ports, pair), findings)
    show(tell_findings(pair, findings).spelled(), args.output)
    return Exit.FAULT if findings.faults else Exit.WELL
