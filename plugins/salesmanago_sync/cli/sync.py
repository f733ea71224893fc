"""`airflow salesmanago sync`: a run started, followed to its end, and added up."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.actions.runs import follow_run
from salesmanago_sync.actions.start import StartedRun, StartedSync, SyncQuestion, foretell_sync, start_sync
from salesmanago_sync.cli.console import Exit, asker, command, complain, from_input, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.back_fill import told
from salesmanago_sync.steps.ports import Ports


@command
def sync(args: Namespace) -> Exit:
    """Start a run and follow it."""
    started = start(args, dry_run=args.dry_run, canary=args.canary)
    if args.no_wait:
        show(started.spelled(), args.output)
        return Exit.WELL
    [run] = started.rows
    with console_ports(pair_of(args)) as ports:
        follow(ports.ledger, run.dag_id, run.run_id, ports.now)
        return tell(ports, run, args.output)


def start(args: Namespace, *, dry_run: bool, canary: int | None = None) -> Rows[StartedSync]:
    """Trigger the run that was asked for.

    Args:
        args: The options of a run.
        dry_run: Plan only.
        canary: So many people are written first, and read back.

    Returns:
        The run.
    """
    asked = SyncQuestion.read(
        full=args.full,
        objects=args.object or (),
        direction=args.direction or "both",
        dry_run=dry_run,
        canary=canary,
        since=args.since,
        emails=from_input(args.email or []),
        ids=args.id or (),
        fields=args.fields,
        unpause=args.unpause,
    )
    with console_ports(pair_of(args)) as ports:
        calls = foretell_sync(ports, asked)
    if calls is not None:
        say(told(calls))
    started = start_sync(pair_of(args), asked, asker(), calls)
    say(started.told[-1])
    return started


def tell(ports: Ports, run: StartedRun, output: str) -> Exit:
    """Print the totals of a run that ended, and say with which exit code."""
    [found] = follow_run(ports, run.dag_id, run.run_id).rows
    show(found.totals, output)
    if found.note:
        say(found.note)
    if found.state == "success":
        return Exit.WELL
    if found.result in ("success", "issues"):
        complain(ports.pair.spelled("Some records need a person: airflow salesmanago issues"))
        return Exit.ISSUES
    complain(f"The run failed, in: {', '.join(found.failed_tasks)}. Read the log of that task in Airflow.")
    return Exit.FAULT
