"""The Airflow plugin: a thin registration of what the package brings. Airflow finds it by its entry point."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from salesmanago_sync.hooks import masking, missing_port, pool, preload, run_note
from salesmanago_sync.ui.mount import NAME, PREFIX, VIEW, pages


class SalesmanagoPlugin(AirflowPlugin):
    """Makes the pool and imports for tasks at start, notes the result of each run, and adds the page "SALESmanago"."""

    name = "salesmanago_sync"
    # Airflow reads plain class attributes.
    listeners = [pool, preload, run_note]  # noqa: RUF012
    fastapi_apps = [{"name": NAME, "app": pages, "url_prefix": PREFIX}]  # noqa: RUF012
    external_views = [VIEW]  # noqa: RUF012
    fastapi_root_middlewares = [  # noqa: RUF012
        {"name": "missing_port", "middleware": missing_port.MissingPort, "args": [], "kwargs": {}}
    ]

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Mask the MicroSite Key from the start of every component that loads plugins."""
        masking.mask_microsite_key()
