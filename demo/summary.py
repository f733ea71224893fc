"""The summary at the end of the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table

from demo.dag_run import REPORT_TASK

if TYPE_CHECKING:
    from rich.console import Console

    from demo.airflow_process import Airflow
    from demo.dag_run import DagRun

COUNTS = ("read", "unchanged", "created", "updated", "failed")
DIRECTIONS = {"to_salesmanago": "→ SALESmanago", "to_salesforce": "→ Salesforce"}


def print_totals(console: Console, run: DagRun) -> None:
    """Print what a run did, per object and direction, and why records were skipped."""
    table = Table(title=f"{run.dag}: what it did", title_justify="left")
    table.add_column("object")
    table.add_column("direction")
    for name in COUNTS:
        table.add_column(name, justify="right")
    table.add_column("skipped")
    for row in run.totals.get("rows", []):
        counts = [f"{row[name]:,}" for name in COUNTS]
        table.add_row(row["object"], DIRECTIONS.get(row["direction"], row["direction"]), *counts, skipped(row))
    console.print(Padding(table, (1, 0, 0, 0)))


def skipped(row: dict[str, Any]) -> str:
    """Return the reasons of skipping with their numbers, the most frequent first."""
    reasons = sorted(row["skipped"].items(), key=lambda pair: (-pair[1], pair[0]))
    return "\n".join(f"{count:,} {reason}" for reason, count in reasons)


def print_issues(console: Console, run: DagRun) -> None:
    """Print the open issues by reason, with what a person does about each."""
    table = Table(title="Open issues: records that wait for a person", title_justify="left")
    table.add_column("reason")
    table.add_column("count", justify="right")
    table.add_column("what it means")
    table.add_column("what to do")
    for issue in run.totals.get("issues", []):
        table.add_row(issue["reason"], f"{issue['count']:,}", issue["meaning"], issue["fix"])
    console.print(Padding(table, (1, 0, 0, 0)))


def print_full_sync(console: Console, run: DagRun) -> None:
    """Print the result of the full sync and why it is red."""
    print_totals(console, run)
    if run.issues():
        print_issues(console, run)
    if [task["task_id"] for task in run.bad_tasks()] == [REPORT_TASK]:
        console.print(
            f"The [red]{REPORT_TASK}[/] task is red because of {sum(run.issues().values()):,} bad records that were "
            "seeded on purpose, as it would be in production; every other task is green.",
            highlight=False,
        )


def print_incremental_sync(console: Console, run: DagRun) -> None:
    """Print the result of the incremental sync that followed."""
    print_totals(console, run)
    if run.written() == 0:
        console.print(
            f"Nothing was left to do: the incremental sync wrote nothing and notes {sum(run.issues().values()):,} "
            "known issues.",
            highlight=False,
        )


def print_address(console: Console, airflow: Airflow, user: str, password: str) -> None:
    """Print where the Airflow UI is and how to get in, and how a shell does."""
    console.print(f"\nAirflow is at [link]{airflow.url}[/link]  user [b]{user}[/b]  password [b]{password}[/b]")
    console.print(
        "Its connections come from the environment, so that its page Connections is empty. For airflow salesmanago in "
        f"another shell:  . {airflow.settings}",
        highlight=False,
        soft_wrap=True,
    )
