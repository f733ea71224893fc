"""What a command prints: rows in Airflow's own formats on standard output, everything else on standard error."""

from __future__ import annotations

import functools
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from airflow.cli.simple_table import AirflowConsole
from airflow.utils.cli import suppress_logs_and_warning
from rich.console import Console
from rich.markup import escape

from salesmanago_sync.errors import SyncError


class Exit(IntEnum):
    """Exit codes of every command."""

    WELL = 0
    FAULT = 1
    ISSUES = 3
    STOPPED = 130


def command(function: Callable[[Namespace], Exit]) -> Callable[[Namespace], None]:
    """Make a command of a function that returns its exit code: errors become one message, and logs stay silent.

    Args:
        function: Takes the parsed arguments.
    """

    @functools.wraps(function)
    def run(args: Namespace) -> None:
        # As Airflow's own commands do: connections and Variables come from its database too.
        os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
        sys.exit(_code(function, args))

    return run


def _code(function: Callable[[Namespace], Exit], args: Namespace) -> int:
    found = Exit.WELL

    def call(args: Namespace) -> None:
        nonlocal found
        found = function(args)

    try:
        suppress_logs_and_warning(call)(args)  # it returns nothing itself
    except SyncError as error:
        complain(f"{error} {error.words}".rstrip())
        return Exit.FAULT
    except KeyboardInterrupt:
        complain("Stopped looking. A run that was started goes on.")
        return Exit.STOPPED
    return found


def notices() -> Console:
    """Give the console for everything that is not the answer: progress, messages, errors."""
    return Console(stderr=True)


def complain(text: str) -> None:
    """Print what went wrong, each line whole, so that it can be searched for."""
    notices().print(escape(text), style="red", highlight=False, soft_wrap=True)


def show(rows: Sequence[dict[str, Any]], output: str) -> None:
    """Print rows.

    Args:
        rows: Plain values, by column; numbers stay numbers in json and yaml.
        output: `table`, `json`, `yaml` or `plain`.
    """
    console = AirflowConsole()
    if output == "json":
        console.print_as_json(list(rows))  # type: ignore[arg-type]  # any JSON will do
    elif output == "yaml":
        console.print_as_yaml(list(rows))  # type: ignore[arg-type]
    else:
        # In a table, [words] in brackets would be taken for a style.
        console.print_as([{name: _cell(value, output) for name, value in row.items()} for row in rows], output)


def _cell(value: Any, output: str) -> str:
    text = "" if value is None else str(value)
    return escape(text) if output == "table" else text
