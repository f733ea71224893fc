"""The diagnosis, and the cheap part of it that asks nobody; for commands and pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial

from salesmanago_sync.errors import Fault, SyncError
from salesmanago_sync.hooks.known_pairs import check_pairs
from salesmanago_sync.hooks.notification import make_notifier
from salesmanago_sync.hooks.ports import account, salesforce
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.checks import Findings
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import diagnose


def diagnose_everything(
    pair: Pair, open_ports: Callable[[], AbstractContextManager[Ports]], findings: Findings
) -> None:
    """Make every check, from the settings on.

    Args:
        pair: The pair of accounts.
        open_ports: Gives what the checks talk to; settings that cannot be used are the fault of the first check.
        findings: Takes the checks.
    """
    with ExitStack() as stack:
        ports = findings.check("Settings", lambda: stack.enter_context(open_ports()))
        if ports is not None:
            findings.check("Pairs of accounts", lambda: check_pairs(findings))
            diagnose(ports, partial(account, pair), make_notifier, findings)


def connection_faults(pair: Pair) -> tuple[Fault, ...]:
    """Find what is missing or wrong in the settings of both connections; no service is asked."""
    findings = Findings(caught=(SyncError,))
    findings.gather(lambda: account(pair))
    findings.gather(lambda: salesforce(pair))
    return tuple(findings.faults)
