"""`airflow salesmanago setup`: the steps of the DAG `salesmanago_setup`, one after the other, without a run."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from salesmanago_sync.cli.console import Exit, command, say, show, working
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.setup_ports import console_setup_ports
from salesmanago_sync.steps.setup.comparing import compare
from salesmanago_sync.steps.setup.connecting import connect
from salesmanago_sync.steps.setup.deployment import check, deploy
from salesmanago_sync.steps.setup.ports import SetupPorts
from salesmanago_sync.steps.setup.preflight import preflight
from salesmanago_sync.steps.setup.telling import tell


@command
def setup(args: Namespace) -> Exit:
    """Set up Salesforce, or take the set-up back."""
    # The ledger says with it which command kept an original.
    run = f"command/{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with console_setup_ports(pair_of(args), _params(args), run, say) as ports, working("Checking") as status:
        preflight(ports)
        status.update("Comparing")
        counts = compare(ports)
        status.update("Asking Salesforce")
        check(ports)
        if not ports.request.check_only:
            status.update("Deploying")
            _apply(ports)
        show([{**counts, "result": tell(ports)}], args.output)
    return Exit.WELL


def _params(args: Namespace) -> dict[str, Any]:
    if args.apply and (args.undo or args.check):
        other = "--undo" if args.undo else "--check"
        raise ConfigurationError([Fault("--apply", f"does the contrary of {other}.", "Give one of them.")])
    return {
        "objects": args.object,
        "layouts": args.layout,
        "profiles": args.profile,
        "check_only": args.check or not (args.apply or args.undo),
        "undo": args.undo,
        "delete_fields": args.delete_fields,
    }


def _apply(ports: SetupPorts) -> None:
    steps: tuple[Callable[[SetupPorts], object], ...] = (deploy, connect)
    for step in steps:
        step(ports)
