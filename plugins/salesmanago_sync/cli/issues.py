"""`airflow salesmanago issues`: what could not be synchronised, listed, counted, tried again, dismissed or decided."""

from __future__ import annotations

import getpass
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from salesmanago_sync.actions import issues as actions
from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.cli.console import Exit, answer, command, say, show
from salesmanago_sync.cli.pairs import pair_of
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.issues import IssueRow, to_csv
from salesmanago_sync.steps.ports import Ports

# What fits on a screen; json, yaml and the CSV file have everything.
COLUMNS = ("id", "reason", "object", "salesforce_id", "salesmanago_id", "field", "attempts", "first_seen", "fix")
COUNT_COLUMNS = ("reason", "open", "change", "dismissed", "meaning", "fix")


@command
def issues(args: Namespace) -> Exit:
    """Do what the first word says."""
    with console_ports(pair_of(args)) as ports:
        return ACTIONS[args.action](ports, args)


def _list(ports: Ports, args: Namespace) -> Exit:
    found = actions.list_issues(ports, _which(args), limit=args.limit)
    if args.csv is not None:
        _write_csv(found.rows, args.csv)
    else:
        _show(found, COLUMNS, args.output)
    return Exit.WELL


def _count(ports: Ports, args: Namespace) -> Exit:
    _show(actions.count_issues(ports, args.reason), COUNT_COLUMNS, args.output)
    return Exit.WELL


def _retry(ports: Ports, args: Namespace) -> Exit:
    _show(actions.retry_issues(ports, _which(args), getpass.getuser(), args.limit), COLUMNS, args.output)
    return Exit.WELL


def _dismiss(ports: Ports, args: Namespace) -> Exit:
    _show(actions.dismiss_issues(ports, _which(args), getpass.getuser(), args.limit), COLUMNS, args.output)
    return Exit.WELL


def _decide(ports: Ports, args: Namespace) -> Exit:
    which = _which(args).model_dump()
    decision = actions.Deciding.read(**which, take=args.take, value=args.value, apply=args.apply)
    _show(actions.decide_issues(ports, decision, getpass.getuser(), args.limit), COLUMNS, args.output)
    return Exit.WELL


ACTIONS = {"list": _list, "count": _count, "retry": _retry, "dismiss": _dismiss, "decide": _decide}


def _which(args: Namespace) -> actions.WhichIssues:
    return actions.WhichIssues.read(
        state=args.state, reason=args.reason, object=args.object, search=args.search, ids=tuple(args.id or ())
    )


def _show(found: Rows[Any], columns: Sequence[str], output: str) -> None:
    rows = found.spelled()
    show(rows if output in ("json", "yaml") else [{name: row[name] for name in columns} for row in rows], output)
    for text in found.told:
        say(text)


def _write_csv(found: list[IssueRow], file: str) -> None:
    if file == "-":
        for line in to_csv(found):
            answer(line, keep="\r\n")
        return
    try:
        with Path(file).open("w", encoding="utf-8", newline="") as opened:
            opened.writelines(to_csv(found))
    except OSError as error:
        what = f"{file} cannot be written: {error.strerror}."
        raise ConfigurationError([Fault("--csv", what, "Name another file, or - for standard output.")]) from None
    say(f"{len(found)} issues are in {file}.")
