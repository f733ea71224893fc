"""Imports before the fork: a scheduler whose tasks are forks of itself imports once what each of them needs.

Importing takes a task longer than most of its work. Processes that are forked share what was imported, memory included;
what starts tasks elsewhere (Celery, Kubernetes) is left alone.
"""

from __future__ import annotations

import sys
from importlib import import_module

from airflow.configuration import conf
from airflow.listeners import hookimpl

FORKING = "LocalExecutor"
# With these come the domain, both clients, the ledger, pandas and Arrow.
MODULES = (
    "pyarrow.parquet",
    "salesmanago_sync.hooks.metrics",
    "salesmanago_sync.hooks.notification",
    "salesmanago_sync.steps.extract",
    "salesmanago_sync.steps.newcomers",
    "salesmanago_sync.steps.planning",
    "salesmanago_sync.steps.report",
)


@hookimpl
def on_starting(component: object) -> None:
    """Import what tasks need, in a scheduler that forks them."""
    from airflow.jobs.job import Job

    # Airflow does not tell which of its components starts; the command line does.
    if isinstance(component, Job) and "scheduler" in sys.argv[1:2] and FORKING in conf.get("core", "executor"):
        for module in MODULES:
            import_module(module)
