"""`airflow salesmanago doctor`: every check of the preflight with what it found and what to do."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack

from salesmanago_sync.cli.console import Exit, command, doing, show, working
from salesmanago_sync.errors import SyncError
from salesmanago_sync.hooks.notification import make_notifier
from salesmanago_sync.hooks.ports import account, console_ports
from salesmanago_sync.steps.checks import FAULT, OK, WARNING, Check, Findings
from salesmanago_sync.steps.preflight import diagnose


@command
def doctor(args: Namespace) -> Exit:
    """Make every check and print it."""
    with working("Checking") as status, ExitStack() as stack:
        findings = Findings(caught=(SyncError,), announce=lambda name: status.update(doing(name)), with_words=True)
        ports = findings.check("Settings", lambda: stack.enter_context(console_ports()))
        if ports is not None:
            diagnose(ports, account, make_notifier, findings)
    show([row for check in findings.checks for row in rows_of(check)], args.output)
    return Exit.FAULT if findings.faults else Exit.WELL


def rows_of(check: Check) -> Iterator[dict[str, str]]:
    """Lay out a check: one row for each fault and warning, or one that says that all is well."""
    if check.result == OK:
        yield {"check": check.name, "result": OK, "finding": check.told, "fix": ""}
    for result, found in ((FAULT, check.faults), (WARNING, check.warnings)):
        for one in found:
            yield {"check": check.name, "result": result, "finding": f"{one.where}: {one.what}", "fix": one.fix}
