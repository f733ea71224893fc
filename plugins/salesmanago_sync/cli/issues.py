"""`airflow salesmanago issues`: what could not be synchronised, listed, counted, tried again or dismissed."""

from __future__ import annotations

import getpass
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from salesmanago_sync.cli.console import Exit, answer, command, say, show
from salesmanago_sync.domain.mapping_files.rules import choices
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.audit import audit
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.issues import Issue, IssueFilter, count_reasons, read_issues, to_csv
from salesmanago_sync.steps.ports import Ports

# What fits on a screen; json, yaml and the CSV file have everything.
COLUMNS = ("id", "reason", "object", "salesforce_id", "salesmanago_id", "field", "attempts", "first_seen", "fix")


@command
def issues(args: Namespace) -> Exit:
    """Do what the first word says."""
    with console_ports() as ports:
        _check_reason(ports.ledger, args.reason)
        return ACTIONS[args.action](ports, args)


def _list(ports: Ports, args: Namespace) -> Exit:
    found = _found(ports.ledger, args)
    if args.csv is not None:
        _write_csv(found, args.csv)
    else:
        show([_row(issue, args.output) for issue in found], args.output)
    return Exit.WELL


def _count(ports: Ports, args: Namespace) -> Exit:
    rows = [
        {**asdict(reason), "trend": list(reason.trend), "change": reason.change}
        for reason in count_reasons(ports.ledger, ports.now())
        if args.reason in ("", reason.reason)
    ]
    names = ("reason", "open", "change", "dismissed", "meaning", "fix")
    show(
        rows if args.output in ("json", "yaml") else [{name: row[name] for name in names} for row in rows], args.output
    )
    return Exit.WELL


def _retry(ports: Ports, args: Namespace) -> Exit:
    return _change(ports, args, ports.ledger.retry, "are tried by the next run")


def _dismiss(ports: Ports, args: Namespace) -> Exit:
    return _change(ports, args, ports.ledger.dismiss, "are neither tried nor reported until what is tried changes")


ACTIONS = {"list": _list, "count": _count, "retry": _retry, "dismiss": _dismiss}


def _change(ports: Ports, args: Namespace, change: Any, what: str) -> Exit:
    if not args.id and not args.reason:
        fix = "Name issues with --id, or all of one reason with --reason."
        raise ConfigurationError([Fault(f"issues {args.action}", "which ones is not said.", fix)])
    found = _found(ports.ledger, args)
    change([issue.id for issue in found], ports.now(), getpass.getuser())
    audit(args.action, getpass.getuser(), [str(issue.id) for issue in found])
    show([_row(issue, args.output) for issue in found], args.output)
    say(f"{len(found)} issues {what}.")
    return Exit.WELL


def _check_reason(ledger: Ledger, reason: str) -> None:
    """Refuse a reason that does not exist: a typo would look like a clean result."""
    known = set(ISSUES) | {row[0] for row in ledger.count_issues([])}
    if reason and reason not in known:
        raise ConfigurationError([Fault("--reason", f"{reason!r} is no reason.", choices(reason, known))])


def _found(ledger: Ledger, args: Namespace) -> list[Issue]:
    which = IssueFilter(args.state, args.reason, args.object, args.search)
    found = read_issues(ledger, which if not args.id else IssueFilter(state=""), limit=None)
    if args.id:
        found = _of_ids(found, args.id)
    return found[: args.limit]


def _of_ids(found: list[Issue], ids: Sequence[int]) -> list[Issue]:
    missing = sorted(set(ids) - {issue.id for issue in found})
    if missing:
        what = f"the ledger has no issue {', '.join(map(str, missing))}."
        raise ConfigurationError([Fault("--id", what, "airflow salesmanago issues lists them.")])
    return [issue for issue in found if issue.id in ids]


def _row(issue: Issue, output: str) -> dict[str, Any]:
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(issue).items()}
    return told if output in ("json", "yaml") else {name: told[name] for name in COLUMNS}


def _write_csv(found: list[Issue], file: str) -> None:
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
