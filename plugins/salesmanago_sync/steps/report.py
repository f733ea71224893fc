"""Report: the totals of a run and its issues in plain words, red when a person must look."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from salesmanago_sync.errors import FatalError, IssuesFoundError
from salesmanago_sync.steps.approval import was_rejected
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)


def report(ports: Ports, publish: Callable[[dict[str, Any]], None]) -> None:
    """Tell the totals.

    Args:
        ports: What the step talks to.
        publish: Hands the totals to Airflow.

    Raises:
        IssuesFoundError: There are issues that nobody has been told of yet.
        FatalError: The run itself failed.
    """
    run = ports.line()
    totals = run["totals"]
    if totals is not None:
        publish(totals)
        log.info("%s", visible(as_text(totals)))
    if was_rejected(ports):
        return
    if run["state"] != "success":
        raise FatalError(f"The run did not come to its end: see the failed tasks before this one. {run['note']}")
    if found := _untold(ports, totals["issues"]):
        counted = ", ".join(f"{reason}: {count}" for reason, count in found.items())
        told = "Nobody was told yet of" if ports.settings.fail_on == "new" else "Open are"
        raise IssuesFoundError(f"{told} {counted}. Above are records of each, and what to do.")


def _untold(ports: Ports, issues: list[dict[str, Any]]) -> dict[str, int]:
    """Count the issues that make the report red, by reason."""
    if ports.run.request.dry_run or ports.settings.fail_on == "never":
        return {}
    column = "new" if ports.settings.fail_on == "new" else "count"
    return {issue["reason"]: issue[column] for issue in issues if issue[column]}


def as_text(result: dict[str, Any]) -> str:
    """Write the report for a log: numbers, reasons and record ids."""
    lines = [result["note"]]
    for row in result["rows"]:
        skipped = ", ".join(f"{reason} {count}" for reason, count in row["skipped"].items()) or "0"
        lines.append(
            f"  {row['object']} {row['direction']}: read {row['read']}, unchanged {row['unchanged']}, "
            f"created {row['created']}, updated {row['updated']}, planned {row['planned']}, skipped {skipped}, "
            f"failed {row['failed']}"
        )
    for issue in result["issues"]:
        lines.append(f"  {issue['reason']}: {issue['count']} ({issue['new']} new), {', '.join(issue['examples'])}")
        lines.append(f"    {issue['meaning']} {issue['fix']}")
    lines += [f"  Full sync due for {name}: its mapping changed." for name in result["full_sync_due"]]
    lines += [f"  Warning: {warning}" for warning in result["warnings"]]
    return "\n".join(lines)
