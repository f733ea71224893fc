"""`python -m demo`: one full sync, one incremental sync, and a summary."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from demo import summary, verdict
from demo.airflow_process import PASSWORD, PROJECT, USER, Airflow, clean_environment
from demo.child_process import ProcessGroup
from demo.dag_run import REPORT_TASK, DagRun, follow
from demo.errors import DemoError
from demo.run_progress import RunProgress
from demo.twin_process import Twin

PEOPLE = "leads=1500,contacts=1500,person_accounts=500,salesmanago=2500"
FULL_SYNC = "salesmanago_full_sync"
INCREMENTAL_SYNC = "salesmanago_incremental_sync"
LOG_WIDTH = 120
INTERRUPTED = 130  # what shells report for a program ended by Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and return its exit status."""
    options = parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupt)
    status = INTERRUPTED
    try:
        with ProcessGroup() as processes:
            status = run(options, console, processes)
            if not options.exit:
                console.print("Press Ctrl-C to stop.")
                threading.Event().wait()
    except DemoError as error:
        console.print(f"[red]The demo failed.[/] {error}", markup=True, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
    return status


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog="python -m demo",
        description="Synchronise seeded people in a real Airflow, against local Salesforce and SALESmanago servers.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    result.add_argument("--people", default=PEOPLE, metavar="KIND=N,...", help="how many people of each kind to seed")
    result.add_argument(
        "--exit", action="store_true", help="stop by itself, with status 0 only if everything went as it should"
    )
    result.add_argument("--folder", type=Path, default=PROJECT / ".demo", help="what it writes; emptied first")
    result.add_argument("--dags", type=Path, default=PROJECT / "dags", help="the DAGs it runs")
    return result


def run(options: argparse.Namespace, console: Console, processes: ProcessGroup) -> int:
    """Start everything, run both DAGs, print the summary, and return 0 when all held."""
    logs = fresh_folder(options.folder)
    console.print(f"Starting the twin with {options.people}")
    twin = Twin(processes, clean_environment(), logs, options.people)
    console.print("Starting Airflow")
    # For a shell that plays the people in both systems.
    settings = {"TWIN": twin.ready["control"]}
    airflow = Airflow(
        processes, options.folder.resolve(), twin.connections, twin.ready["ca"], options.dags.resolve(), settings
    )
    airflow.start()
    summary.print_address(console, airflow, USER, PASSWORD)
    faults = synchronise(console, twin, airflow)
    summary.print_address(console, airflow, USER, PASSWORD)
    for fault in faults:
        console.print(f"[red]✗[/] {fault}", highlight=False)
    if not faults:
        console.print("[green]✓[/] Everything held: exactly the seeded issues are open, and both systems are settled.")
    return 1 if faults else 0


def synchronise(console: Console, twin: Twin, airflow: Airflow) -> list[str]:
    """Run both DAGs and return what was not as it should be."""
    seeded = twin.seeded_issues()
    full = watch(console, airflow, FULL_SYNC)
    summary.print_full_sync(console, full)
    faults = verdict.full_sync_faults(full, seeded)
    before = twin.records()
    incremental = watch(console, airflow, INCREMENTAL_SYNC)
    summary.print_incremental_sync(console, incremental)
    return faults + verdict.incremental_sync_faults(incremental, seeded, before, twin.records())


def watch(console: Console, airflow: Airflow, dag: str) -> DagRun:
    """Run one DAG, showing its tasks and, of those that failed unexpectedly, the end of their logs."""
    with RunProgress(console, dag) as progress:
        try:
            result = follow(airflow.api, dag, progress.show)
        except DemoError as error:
            raise DemoError(f"{error}\n{airflow.explain()}") from error
    for task in result.bad_tasks():
        if task["state"] == "failed" and not expected_red(result, task):
            console.print(f"\nThe end of the log of {task['task_id']}:")
            console.print("\n".join(airflow.api.task_log(dag, result.run_id, task)[-40:]), markup=False)
    return result


def expected_red(run: DagRun, task: dict[str, Any]) -> bool:
    """Tell whether a red task is the report on bad records."""
    return task["task_id"] == REPORT_TASK and bool(run.issues())


def fresh_folder(folder: Path) -> Path:
    """Empty the demo's folder and return the one for logs."""
    shutil.rmtree(folder, ignore_errors=True)
    logs = folder / "logs"
    logs.mkdir(parents=True)
    return logs


def interrupt(*_: object) -> NoReturn:
    """Treat a request to end like Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
