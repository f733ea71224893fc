"""`airflow salesmanago plan`: what a past or a new dry run was going to write, or other mappings would."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from salesmanago_sync.actions.plan import WhichChanges, show_plan, show_trial
from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.cli.console import Exit, command, complain, say, show, working
from salesmanago_sync.cli.following import follow
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.cli.sync import start, tell
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.plans import ChangeRow
from salesmanago_sync.overview.trials import draft_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.trial import Trial

# What fits on a screen; json and yaml have everything.
COLUMNS = ("object", "direction", "action", "salesforce_id", "salesmanago_id", "field", "old", "new", "rule", "state")


@command
def plan(args: Namespace) -> Exit:
    """Show the changes of a run, or what other mapping files would do."""
    if args.mappings is not None:
        return _try(args)
    if args.run is not None:
        with console_ports(pair_of(args)) as ports:
            return _show(ports, args.run, args)
    [run] = start(args, dry_run=True).rows
    with console_ports(pair_of(args)) as ports:
        state = follow(ports.ledger, run.dag_id, run.run_id, ports.now)
        if state.state != "success":
            return tell(ports, run, args.output)
        return _show(ports, str((ports.ledger.runs.find(run.dag_id, run.run_id) or {})["id"]), args)


def _show(ports: Ports, run: str, args: Namespace) -> Exit:
    which = WhichChanges.read(
        object=(args.object or [""])[0],
        direction=args.direction or "",
        field=args.field,
        rule=args.rule,
        action=args.action,
        state=args.state,
    )
    found = show_plan(ports, run, which, limit=args.limit)
    show(rows_of(found, args.output), args.output)
    counted, *refused = found.told
    say(counted)
    for text in refused:
        complain(text)
    return Exit.WELL


def _try(args: Namespace) -> Exit:
    """Try the mapping files of a folder on a sample; nothing is written anywhere, and no run is made."""
    folder = Path(args.mappings)
    if args.run is not None:
        fault = Fault("--mappings", "looks at no past run.", "Leave out --run, or leave out --mappings.")
        raise ConfigurationError([fault])
    with working("Reading a sample of both services"), console_ports(pair_of(args)) as ports:
        tried = show_trial(ports, draft_of(folder), args.sample)
    [found] = tried.rows
    if args.output in ("json", "yaml"):
        show(tried.spelled(), args.output)
    elif found.trial is None:
        show([asdict(fault) for fault in found.faults], args.output)
    else:
        _show_trial(found.trial, args.output)
    if found.trial is None:
        complain(f"{len(found.faults)} {'fault' if len(found.faults) == 1 else 'faults'} to correct in {folder}.")
        return Exit.FAULT
    for text in tried.told:
        say(text)
    return Exit.WELL


def _show_trial(trial: Trial, output: str) -> None:
    show([asdict(one) for one in trial.criteria], output)
    show([asdict(one) for one in trial.people if one.effect not in ("stays", "out")], output)
    show([asdict(one) for one in trial.changes], output)


def rows_of(found: Rows[ChangeRow], output: str) -> list[dict[str, Any]]:
    """Lay out changes as a format shows them."""
    rows = found.spelled()
    return rows if output in ("json", "yaml") else [{name: row[name] for name in COLUMNS} for row in rows]
