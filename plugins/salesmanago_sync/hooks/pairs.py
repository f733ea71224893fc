"""Pairs of accounts, as a task, a command or a page finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salesmanago_sync.errors import ConfigurationError, FatalError, SyncError
from salesmanago_sync.pair import FIRST_NAME, Pair, read_dag_id
from salesmanago_sync.pair_files import find_pair


def pair_of_task(context: Mapping[str, Any]) -> Pair:
    """Give the pair whose DAG runs: its name is in that of the DAG, and nothing else decides.

    Args:
        context: Airflow's context.

    Raises:
        ConfigurationError: The file of the pair is not here, or has faults.
        FatalError: It is no DAG of the sync.
    """
    dag_id = str(context["dag_run"].dag_id)
    if (found := read_dag_id(dag_id)) is None:
        raise FatalError(f"{dag_id} is no DAG of the sync: its name says of no pair of accounts.")
    # Of the first pair nothing needs to be found, the file of the DAG neither.
    return find_pair(found[0], None if found[0] == FIRST_NAME else Path(str(context["dag"].fileloc)).parent)


@contextmanager
def own_words(pair: Pair) -> Iterator[None]:
    """Have errors name DAGs, Variables, connections and settings as they are called in a pair."""
    try:
        yield
    except ConfigurationError as error:
        if pair.is_first:
            raise
        raise type(error)([fault.renamed(pair.spelled) for fault in error.faults]).saying(error.words) from None
    except SyncError as error:
        error.args = (pair.spelled(str(error)), *error.args[1:])
        raise
