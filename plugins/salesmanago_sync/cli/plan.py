"""`airflow salesmanago plan`: what a run was going to write, field by field; of a past run, or of a new dry run."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from salesmanago_sync.cli.console import Exit, command, complain, say, show
from salesmanago_sync.cli.following import follow
from salesmanago_sync.cli.sync import start, tell
from salesmanago_sync.domain.mapping_files.mapping import load_mappings
from salesmanago_sync.domain.mapping_files.rules import choices
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.plans import FILTERS, Change, PlanPart, read_plan
from salesmanago_sync.settings import load_settings

# What fits on a screen; json and yaml have everything.
COLUMNS = ("object", "direction", "action", "salesforce_id", "salesmanago_id", "field", "old", "new", "rule", "state")


@command
def plan(args: Namespace) -> Exit:
    """Show the changes of a run."""
    if args.run is not None:
        with console_ports() as ports:
            return _show(ports.ledger, find_run(ports.ledger, args.run, "--run"), args)
    dag_id, dag_run_id = start(args, dry_run=True)
    with console_ports() as ports:
        state = follow(ports.ledger, dag_id, dag_run_id, ports.now)
        if state.state != "success":
            return tell(ports.ledger, dag_id, dag_run_id, state, args.output)
        return _show(ports.ledger, int((ports.ledger.find_run(dag_id, dag_run_id) or {})["id"]), args)


def find_run(ledger: Ledger, name: str, where: str) -> int:
    """Find a run by its number in the ledger, or `last`.

    Args:
        ledger: The ledger.
        name: What was typed.
        where: The option or argument that it was typed for.
    """
    try:
        if name == "last":
            return int(ledger.runs(1)["id"].iloc[0])
        return int(ledger.run(int(name))["id"])
    except (LookupError, ValueError):
        known = ", ".join(str(number) for number in ledger.runs(10)["id"]) or "none yet"
        fault = Fault(where, f"the ledger has no run {name!r}.", f"Newest runs: {known}. Or: last.")
        raise ConfigurationError([fault]) from None


def _show(ledger: Ledger, run_id: int, args: Namespace) -> Exit:
    given = {**vars(args), "object": (args.object or [""])[0], "direction": args.direction or ""}
    found = read_plan(ledger, run_id, {name: given[name] or "" for name in FILTERS}, limit=args.limit)
    _check(found, args, {line.key for mapping in load_mappings(load_settings().mappings) for line in mapping.lines})
    rows = [row_of(change, args.output) for change in found.changes]
    show(rows, args.output)
    say(f"Run {run_id}: {len(rows)} of {found.total} changes.")
    words = str(ledger.run(run_id)["service_words"])
    if words:
        complain(f"A request was refused. {words}")
    return Exit.WELL


def _check(found: PlanPart, args: Namespace, mapped: set[str]) -> None:
    """Refuse a field or rule that does not exist: a typo would look like a run that changed nothing."""
    known = {"field": {*found.choices["field"], *mapped}, "rule": set(found.choices["rule"])}
    for name, valid in known.items():
        value = getattr(args, name)
        if value and found.choices["field"] and value not in valid:
            raise ConfigurationError(
                [Fault(f"--{name}", f"{value!r} is no {name} of this run.", choices(value, valid))]
            )


def row_of(change: Change, output: str) -> dict[str, Any]:
    """Lay out a change as a format shows it."""
    told = asdict(change)
    return told if output in ("json", "yaml") else {name: told[name] for name in COLUMNS}
