"""`airflow salesmanago audit`: a certificate made, and what it says."""

from __future__ import annotations

import json
from argparse import Namespace

from salesmanago_sync.cli.console import Exit, command, complain, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.hooks.certificates import Certificates
from salesmanago_sync.hooks.dag_runs import trigger
from salesmanago_sync.hooks.ports import certificates_root, console_ports
from salesmanago_sync.steps.ports import Ports

DAG_ID = "salesmanago_audit"


@command
def audit(args: Namespace) -> Exit:
    """Make a certificate."""
    dag_run_id = trigger(DAG_ID, {"repair": True} if args.repair else {})
    say(f"Started {DAG_ID}, run {dag_run_id}.")
    if args.no_wait:
        show([{"dag_id": DAG_ID, "run_id": dag_run_id}], args.output)
        return Exit.WELL
    with console_ports() as ports:
        state = follow(ports.ledger, DAG_ID, dag_run_id, ports.now)
        run = ports.ledger.find_run(DAG_ID, dag_run_id)
        if run is None or run["state"] != "success":
            complain(f"The audit failed, in: {', '.join(state.failed)}. Read the log of that task in Airflow.")
            return Exit.FAULT
        return _tell(ports, int(run["id"]), args.output)


def _tell(ports: Ports, run: int, output: str) -> Exit:
    """Print what the certificate of a run says."""
    root = certificates_root(ports.settings)
    kept = Certificates(root)
    name = next(name for name in kept.names() if name.endswith(f"-run-{run}"))
    found = json.loads(kept.read(name, "json"))
    rows = [{"reason": code, **reason} for code, reason in found["reasons"].items()]
    show([found] if output in ("json", "yaml") else rows, output)
    say(f"Kept in {root}: {name}.json and {name}.html")
    if found["totals"]["unexplained"]:
        complain(f"Unexplained differences: {found['totals']['unexplained']}. See the certificate, or use --repair.")
        return Exit.ISSUES
    return Exit.WELL
