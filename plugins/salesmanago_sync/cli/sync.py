"""`airflow salesmanago sync`: a run started, followed to its end, and added up."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from salesmanago_sync.cli.console import Exit, command, complain, from_input, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.dag_runs import RunState, trigger
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.request import read_request

FULL, INCREMENTAL = "salesmanago_full_sync", "salesmanago_incremental_sync"


@command
def sync(args: Namespace) -> Exit:
    """Start a run and follow it."""
    dag_id, dag_run_id = start(args, dry_run=args.dry_run)
    if args.no_wait:
        show([{"dag_id": dag_id, "run_id": dag_run_id}], args.output)
        return Exit.WELL
    with console_ports() as ports:
        state = follow(ports.ledger, dag_id, dag_run_id, ports.now)
        return tell(ports.ledger, dag_id, dag_run_id, state, args.output)


def start(args: Namespace, *, dry_run: bool) -> tuple[str, str]:
    """Trigger the run that was asked for.

    Args:
        args: The options of a run.
        dry_run: Plan only.

    Returns:
        The DAG, and Airflow's name of the run.
    """
    given = {
        "objects": args.object,
        "direction": args.direction,
        "dry_run": dry_run,
        "since": args.since,
        "emails": from_input(args.email or []),
        "ids": args.id,
    }
    params = {name: value for name, value in given.items() if value}
    if args.full and {"since", "emails", "ids"} & params.keys():
        raise ConfigurationError([Fault("--full", "reads everybody.", "Leave out --since, --email and --id.")])
    read_request(params)
    dag_id = FULL if args.full else INCREMENTAL
    dag_run_id = trigger(dag_id, params)
    say(f"Started {dag_id}, run {dag_run_id}.")
    return dag_id, dag_run_id


def tell(ledger: Ledger, dag_id: str, dag_run_id: str, state: RunState, output: str) -> Exit:
    """Print the totals of a run that ended, and say with which exit code."""
    run = ledger.find_run(dag_id, dag_run_id)
    totals = (run or {}).get("totals") or {"rows": [], "issues": [], "note": ""}
    show(list(_rows(totals)), output)
    if totals["note"]:
        say(totals["note"])
    if state.state == "success":
        return Exit.WELL
    if run is not None and run["state"] == "success":
        complain("Some records need a person: airflow salesmanago issues")
        return Exit.ISSUES
    complain(f"The run failed, in: {', '.join(state.failed)}. Read the log of that task in Airflow.")
    return Exit.FAULT


def _rows(totals: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in totals["rows"]:
        skipped = ", ".join(f"{reason} {count}" for reason, count in row["skipped"].items())
        yield {**row, "skipped": skipped}
