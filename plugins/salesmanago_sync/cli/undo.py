"""`airflow salesmanago undo`: what a run wrote shown as it would go back, and put back."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.actions.plan import WhichChanges, show_plan
from salesmanago_sync.actions.start import UndoQuestion, start_undo
from salesmanago_sync.cli.console import Exit, asker, command, complain, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.cli.plan import rows_of
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.steps.approval import REJECTED


@command
def undo(args: Namespace) -> Exit:
    """Undo a run."""
    given = {name: getattr(args, name) for name in UndoQuestion.model_fields}
    with console_ports(pair_of(args)) as ports:
        started = start_undo(ports, UndoQuestion.read(**given), asker())
        say(started.told[0])
        [run] = started.rows
        state = follow(ports.ledger, run.dag_id, run.run_id, ports.now)
        kept = ports.ledger.runs.find(run.dag_id, run.run_id)
        if kept is not None and kept["state"] == REJECTED:
            say(kept["note"])
            return Exit.WELL if state.state == "success" else Exit.FAULT
        if kept is None or kept["state"] != "success":
            complain(f"The undo failed, in: {', '.join(state.failed)}. Read the log of that task in Airflow.")
            return Exit.FAULT
        show(rows_of(show_plan(ports, str(kept["id"]), WhichChanges(), limit=None), args.output), args.output)
        say(f"Run {kept['id']}: {kept['note']}.")
        if not args.apply:
            say(f"Nothing was written. With --apply --shown {kept['id']} exactly this is.")
        return Exit.WELL if state.state == "success" else Exit.ISSUES
