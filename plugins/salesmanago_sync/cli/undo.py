"""`airflow salesmanago undo`: what a run wrote shown as it would go back, and put back."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.cli.console import Exit, command, complain, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.cli.plan import find_run, row_of
from salesmanago_sync.hooks.dag_runs import trigger
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.plans import read_plan

DAG_ID = "salesmanago_undo"


@command
def undo(args: Namespace) -> Exit:
    """Undo a run."""
    with console_ports() as ports:
        number = find_run(ports.ledger, args.run, "run")
        asked = {"run": number, "field": args.field, "record": args.record, "delete_created": args.delete_created}
        dag_run_id = trigger(DAG_ID, {**asked, "dry_run": not args.apply})
        say(f"Started {DAG_ID}, run {dag_run_id}.")
        state = follow(ports.ledger, DAG_ID, dag_run_id, ports.now)
        run = ports.ledger.find_run(DAG_ID, dag_run_id)
        if run is None or run["state"] != "success":
            complain(f"The undo failed, in: {', '.join(state.failed)}. Read the log of that task in Airflow.")
            return Exit.FAULT
        show(
            [row_of(change, args.output) for change in read_plan(ports.ledger, run["id"], {}, limit=None).changes],
            args.output,
        )
        say(f"Run {run['id']}: {run['note']}.")
        if not args.apply:
            say("Nothing was written. With --apply it is.")
        return Exit.WELL if state.state == "success" else Exit.ISSUES
