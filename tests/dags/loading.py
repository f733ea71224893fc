"""Load whatever standard input names, in a process of its own, and print what cannot be loaded.

Each line of input is a kind and a name, as `executor CeleryExecutor`. The last line of output is a JSON object: lines
of input, and why not.
"""

from __future__ import annotations

import importlib
import json
import shlex
import sys
from collections.abc import Callable
from importlib.metadata import distribution, packages_distributions
from typing import Any


def load_object(name: str) -> Any:
    """Import a module, or what stands in one."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


def load_executor(name: str) -> None:
    """Import an executor by the name that Airflow's configuration has for it."""
    from airflow.executors.executor_loader import ExecutorLoader

    load_object(ExecutorLoader.executors[name])


def load_provider(name: str) -> None:
    """Import what a provider adds to every Airflow: its commands, connection types and managers."""
    (entry,) = distribution(name).entry_points.select(group="apache_airflow_provider")
    told: dict[str, Any] = entry.load()()
    for command in told.get("cli", []):
        load_object(command)()
    hooks = [kind["hook-class-name"] for kind in told.get("connection-types", [])]
    for added in (*hooks, *told.get("auth-managers", []), *told.get("db-managers", [])):
        load_object(added)


def load_package(name: str) -> None:
    """Import the top packages of a distribution, if it has any: apache-airflow only requires others."""
    distribution(name)
    tops = [top for top, owners in packages_distributions().items() if name in {canonical(owner) for owner in owners}]
    for top in tops:
        if top.isidentifier() and not top.startswith("_"):
            importlib.import_module(top)


def canonical(name: str) -> str:
    """Spell a distribution's name as pyproject.toml does."""
    return name.lower().replace("_", "-").replace(".", "-")


def load_address(address: str) -> None:
    """Load what opens an address, without opening it."""
    if address.startswith("db+"):
        from celery.app.backends import by_url

        by_url(address)
        address = address.removeprefix("db+")
    if address.startswith("postgresql"):
        import sqlalchemy

        sqlalchemy.create_engine(address)
    else:
        import kombu

        assert kombu.Connection(address).transport


def load_command(words: str) -> None:
    """Let Airflow's command line parse a command."""
    from airflow.cli.cli_parser import get_parser

    get_parser().parse_args(shlex.split(words))


KINDS: dict[str, Callable[[str], None]] = {
    "object": load_object,
    "executor": load_executor,
    "provider": load_provider,
    "package": load_package,
    "address": load_address,
    "command": load_command,
}


def failures(lines: list[str]) -> dict[str, str]:
    """Load everything and return what went wrong, by line."""
    wrong = {}
    for line in lines:
        kind, _, name = line.partition(" ")
        try:
            KINDS[kind](name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - each is told, whatever it is
            wrong[line] = f"{type(error).__name__}: {error}"
    return wrong


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(failures(sys.stdin.read().splitlines())) + "\n")
