"""The Airflow plugin: a thin registration of what the package brings."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from salesmanago_sync.hooks import pool, run_note


class SalesmanagoPlugin(AirflowPlugin):
    """Makes the pool of the sync at start, and notes the result of each run."""

    name = "salesmanago_sync"
    listeners = [pool, run_note]  # noqa: RUF012 - Airflow reads a plain class attribute
