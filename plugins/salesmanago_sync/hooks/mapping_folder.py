"""Where the mapping files are, for a task, a command or a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salesmanago_sync.hooks.dag_runs import dag_file
from salesmanago_sync.pair import Pair
from salesmanago_sync.settings import Settings, load_settings

FOLDER = "mappings"


def settings_here(pair: Pair, find_dag_file: Callable[[], str | None] | None = None) -> Settings:
    """Read the settings, with the folder of the mapping files.

    It is the one that a variable names, or the usual one; where there is none, the folder beside the DAG files, which a
    git bundle brings to each worker.

    Args:
        pair: Whose they are.
        find_dag_file: Tells where the DAG file is on this machine: by default where Airflow's DAG processor found it.
    """
    settings = load_settings(pair)
    if "mappings" in settings.model_fields_set or settings.mappings.is_dir():
        return settings
    found = dag_file(pair.full_sync) if find_dag_file is None else find_dag_file()
    beside = None if found is None else Path(found).parent / FOLDER
    return settings if beside is None or not beside.is_dir() else settings.model_copy(update={"mappings": beside})
