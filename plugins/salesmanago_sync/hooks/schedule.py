"""What Airflow plans for the sync, read from its own tables: interval, pause, next run, runs under way; and new runs.

Needs a process that may use Airflow's database: the API server and the command line may, tasks may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select
from sqlalchemy.orm import Session

from salesmanago_sync.overview.status import ActiveRun, Automatic

FULL = "salesmanago_full_sync"
INCREMENTAL = "salesmanago_incremental_sync"
AUDIT = "salesmanago_audit"
UNDO = "salesmanago_undo"
DAG_IDS = (FULL, INCREMENTAL)
UNDER_WAY = (DagRunState.QUEUED, DagRunState.RUNNING)


def read_automatic() -> Automatic:
    """Read the automatic synchronisation."""
    with create_session() as session:
        active = _active(session)
        dag = session.get(DagModel, INCREMENTAL)
        if dag is None:
            return Automatic(active=active)
        # Airflow's own words for "no schedule".
        switched_off = dag.timetable_summary in (None, "None", "Never, external triggers only")
        return Automatic(
            known=True,
            schedule=None if switched_off else dag.timetable_summary,
            paused=bool(dag.is_paused),
            next_run=None if switched_off or dag.is_paused else dag.next_dagrun_create_after,
            active=active,
        )


def _active(session: Session) -> tuple[ActiveRun, ...]:
    query = select(DagRun).where(DagRun.dag_id.in_(DAG_IDS), DagRun.state.in_(UNDER_WAY)).order_by(DagRun.id)
    return tuple(
        ActiveRun(run.dag_id, run.run_id, DagRunState(run.state).value, run.start_date or run.queued_at)
        for run in session.scalars(query)
    )


def is_paused(dag_id: str) -> bool | None:
    """Tell whether a DAG is paused; None when Airflow has not read its file."""
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        return None if dag is None else bool(dag.is_paused)


def unpause(dag_id: str) -> None:
    """Let a DAG run."""
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        if dag is not None:
            dag.is_paused = False


def params_of(dag_id: str, run_id: str) -> dict[str, Any]:
    """Read the Params with which a run was started; nothing where Airflow no longer has the run."""
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        return {} if run is None else dict(run.conf or {})


def start_run(dag_id: str, params: Mapping[str, Any], user: str) -> str:
    """Trigger a DAG as its Trigger button does.

    Args:
        dag_id: The DAG.
        params: Its Params that differ from their defaults.
        user: Who triggers it, for Airflow's audit.

    Returns:
        Airflow's name of the run.
    """
    run = trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=user, conf=dict(params))
    return "" if run is None else str(run.run_id)
