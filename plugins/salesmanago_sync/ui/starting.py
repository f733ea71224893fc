"""Starting: a run that a page asks for, refused where it would never begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import HTTPException, status

from salesmanago_sync.errors import Fault
from salesmanago_sync.hooks.schedule import is_paused, start_run, switch
from salesmanago_sync.ui.access import Visitor


def check_startable(dag_id: str, visitor: Visitor, *, switch_on: bool) -> None:
    """Refuse a run that would wait for ever.

    Args:
        dag_id: The DAG.
        visitor: Who asks for it.
        switch_on: Whether they want the DAG switched on, where it is paused.

    Raises:
        HTTPException: With 409: Airflow does not know the DAG, or it is and stays paused.
    """
    paused = is_paused(dag_id)
    if paused is None:
        raise HTTPException(status.HTTP_409_CONFLICT, f"Airflow has not read the DAG {dag_id} yet.")
    if paused and not (switch_on and visitor.may_edit):
        raise HTTPException(status.HTTP_409_CONFLICT, f"The DAG {dag_id} is paused: the run would never start.")


def check_hopeful(obstacles: Sequence[Fault]) -> None:
    """Refuse a run that could only fail.

    Args:
        obstacles: What stands in its way.

    Raises:
        HTTPException: With 409 and what must be corrected first.
    """
    if obstacles:
        told = "\n".join(map(str, obstacles))
        raise HTTPException(status.HTTP_409_CONFLICT, f"The run could only fail. Correct this first:\n{told}")


def begin_run(dag_id: str, params: Mapping[str, Any], visitor: Visitor) -> str:
    """Switch a DAG on, where it is paused, and start a run of it; give Airflow's name of the run.

    Args:
        dag_id: The DAG, which `check_startable` let pass.
        params: Its Params; those left out have their defaults.
        visitor: Who asks for it.
    """
    if is_paused(dag_id):
        switch(dag_id, visitor.name, on=True)
    return start_run(dag_id, params, visitor.name)
