"""The Airflow plugin: a thin registration of what the package brings."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from salesmanago_sync.hooks import masking, pool, run_note


class SalesmanagoPlugin(AirflowPlugin):
    """Makes the pool of the sync at start, and notes the result of each run."""

    name = "salesmanago_sync"
    listeners = [pool, run_note]  # noqa: RUF012 - Airflow reads a plain class attribute

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Mask the MicroSite Key from the start of every component that loads plugins."""
        masking.mask_microsite_key()
