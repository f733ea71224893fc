"""What a command prints: rows in Airflow's own formats on standard output, everything else on standard error."""

from __future__ import annotations

import functools
import getpass
import json
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
from rich.status import Status
from rich.syntax import Syntax

from salesmanago_sync.errors import SyncError
from salesmanago_sync.hooks.dag_runs import Asker
from salesmanago_sync.visible import visible


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


def asker() -> Asker:
    """Say who asks: the user of this machine."""
    return Asker(getpass.getuser(), "cli")


def notices() -> Console:
    """Give the console for everything that is not the answer: progress, messages, errors."""
    return Console(stderr=True)


def from_input(texts: Sequence[str]) -> list[str]:
    """Put the lines of standard input in the place of `-`: arguments of commands show in lists of processes.

    Args:
        texts: What was typed.

    Returns:
        The same, without empty lines.
    """
    lines = sys.stdin.read().splitlines() if "-" in texts else []
    return [line.strip() for text in texts for line in (lines if text == "-" else [text]) if line.strip()]


def working(text: str) -> Status:
    """Show that a command is at work, until the block ends; `update` takes what `doing` makes."""
    return notices().status(doing(text))


def doing(text: str) -> str:
    """Make a word about what a command is at fit for `working`."""
    return escape(visible(text, keep=""))


def say(text: str, console: Console | None = None) -> None:
    """Print a message beside the answer, each line whole.

    Args:
        text: Any text.
        console: Where a progress bar is shown meanwhile, if one is.
    """
    (console or notices()).print(visible(text), highlight=False, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print what went wrong, each line whole, so that it can be searched for."""
    notices().print(visible(text), style="red", highlight=False, markup=False, soft_wrap=True)


def answer(text: str, keep: str = "\n") -> None:
    """Print an answer that is no table.

    Args:
        text: Any text; its lines stay as they are.
        keep: Control characters that end a line.
    """
    sys.stdout.write(visible(text, keep))


def show(rows: Sequence[dict[str, Any]], output: str) -> None:
    """Print rows.

    Args:
        rows: Plain values, by column; numbers stay numbers in json and yaml.
        output: `table`, `json`, `yaml` or `plain`.
    """
    console = AirflowConsole()
    if output == "json":
        # JSON and YAML have escapes of their own; JSON for all but one.
        text = json.dumps(list(rows)).replace("\x7f", "\\u007f")
        console.print(Syntax(text, "json", theme="ansi_dark"), soft_wrap=True)
    elif output == "yaml":
        console.print_as_yaml(list(rows))  # type: ignore[arg-type]  # any YAML will do
    else:
        # In a table, [words] in brackets would be taken for a style.
        cells = [{doing(name): _cell(value, output) for name, value in row.items()} for row in rows]
        console.print_as(cells, output)


def _cell(value: Any, output: str) -> str:
    text = "" if value is None else visible(value, keep="")
    return escape(text) if output == "table" else text
