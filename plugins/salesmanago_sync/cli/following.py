"""Following: a run shown on the console until it ends, a bar for a person, a line a step for a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from salesmanago_sync.cli.console import notices, say
from salesmanago_sync.hooks.dag_runs import RunState, run_state
from salesmanago_sync.ledger.runs import ASKS
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview import progress as overview

POLL_SECONDS = 2.0
# Starting a task takes seconds; a run that waits longer has a reason, which a person wants to know.
PATIENCE = timedelta(minutes=1)


def follow(ledger: Ledger, dag_id: str, dag_run_id: str, now: Callable[[], datetime]) -> RunState:
    """Show a run until it ends; whoever stops looking does not stop the run.

    Args:
        ledger: Knows how far the run has come.
        dag_id: The DAG.
        dag_run_id: Airflow's name of the run.
        now: The local clock.
    """
    began, patient, paused, asked = now(), True, False, False
    with Screen(notices()) as screen:
        while True:
            state = run_state(dag_id, dag_run_id)
            if state.is_over:
                return state
            found = overview.read_progress(ledger, now())
            mine = found if found is not None and found.run.dag_run_id == dag_run_id else None
            screen.show(mine)
            if state.paused and not paused:
                screen.hint(f"{dag_id} has been paused: the run stands still until: airflow dags unpause {dag_id}")
            paused = state.paused
            kept = None if asked else ledger.runs.find(dag_id, dag_run_id)
            if kept is not None and kept["state"] == ASKS:
                asked = True
                screen.hint(f"{kept['question']['subject']} Answer it in Airflow, under Required Actions.")
            if patient and mine is None and now() - began > PATIENCE:
                screen.hint("Still waiting: another run may be at work, or Airflow's scheduler is not running.")
            patient = patient and mine is None and now() - began <= PATIENCE
            time.sleep(POLL_SECONDS)


class Screen:
    """Where a run is shown.

    Args:
        console: A terminal gets a bar, a log gets one line a step.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task("Waiting to start", total=len(overview.STEPS))
        self._step = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, found: overview.Progress | None) -> None:
        """Show how far the run is; None means that it waits."""
        if found is None:
            return
        # Within a step the bar moves with what is done of it.
        share = found.done / found.total if found.total else 0.0
        completed = found.position - 1 + min(share, 1.0)
        self._bar.update(self._task, completed=completed, description=words(found))
        if found.step != self._step and not self._console.is_terminal:
            self.hint(f"{found.position}/{found.steps} {found.words}")
        self._step = found.step

    def hint(self, text: str) -> None:
        """Print a line beside the bar."""
        say(text, self._console)


def words(found: overview.Progress) -> str:
    """Say how far a run is: `Writing changes, 120 of 2,000 people written, 300 a minute, 6 min left`."""
    parts = [found.words]
    if found.unit:
        of = f" of {found.total:,}" if found.total is not None else ""
        parts.append(f"{found.done:,}{of} {found.unit}")
    if found.per_minute is not None:
        parts.append(f"{found.per_minute:,.0f} a minute")
    if found.left is not None:
        parts.append(f"{found.left / timedelta(minutes=1):.0f} min left")
    return ", ".join(parts)
