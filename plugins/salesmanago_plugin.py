"""The Airflow plugin: a thin registration of what the package brings."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from salesmanago_sync.hooks import pool


class SalesmanagoPlugin(AirflowPlugin):
    """Makes the pool of the sync when the scheduler starts."""

    name = "salesmanago_sync"
    listeners = [pool]  # noqa: RUF012 - Airflow reads a plain class attribute
