"""What a person sees while a DAG runs: every task with its state, on a screen live, in a log line by line."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"success": "green", "failed": "red", "upstream_failed": "red", "running": "yellow", "skipped": "magenta"}
LAST = "9999"  # sorts after every date: tasks that have not started come last


class RunProgress:
    """Follows one run on the console."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._started = time.monotonic()
        self._seen: dict[str, str] = {}
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        else:
            self._console.print(self._title)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, tasks: list[dict[str, Any]]) -> None:
        """Show the tasks as they are now."""
        states = states_by_task(tasks)
        if self._live:
            self._live.update(self._table(states), refresh=True)
            return
        for task, state in states.items():
            if self._seen.get(task) != state:
                self._console.print(f"  {self._seconds():4.0f} s  {task}: {state}")
        self._seen = states

    def _table(self, states: dict[str, str]) -> Table:
        table = Table(title=f"{self._title}  {self._seconds():.0f} s", title_justify="left", box=None, padding=(0, 2))
        table.add_column("task")
        table.add_column("state")
        for task, state in states.items():
            table.add_row(task, f"[{COLOURS.get(state.split(' ')[0], 'dim')}]{state}")
        return table

    def _seconds(self) -> float:
        return time.monotonic() - self._started


def states_by_task(tasks: list[dict[str, Any]]) -> dict[str, str]:
    """Return the state of each task whose turn has come, the first first; of a mapped task, how many are in which."""
    counts: dict[str, Counter[str]] = {}
    for task in sorted(tasks, key=lambda task: task["start_date"] or LAST):
        if task["state"] is not None:
            counts.setdefault(task["task_id"], Counter())[task["state"]] += 1
    return {task: _in_words(states) for task, states in counts.items()}


def _in_words(states: Counter[str]) -> str:
    if states.total() == 1:
        return next(iter(states))
    return ", ".join(f"{state} {count}" for state, count in states.most_common())
