"""What Airflow plans for the sync, read from its own tables: interval, pause, next run, and runs under way."""

from __future__ import annotations

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select
from sqlalchemy.orm import Session

from salesmanago_sync.overview.status import ActiveRun, Automatic

FULL = "salesmanago_full_sync"
INCREMENTAL = "salesmanago_incremental_sync"
DAG_IDS = (FULL, INCREMENTAL)
UNDER_WAY = (DagRunState.QUEUED, DagRunState.RUNNING)


def read_automatic() -> Automatic:
    """Read the automatic synchronisation; needs a process that may use Airflow's database."""
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
        ActiveRun(run.dag_id, run.run_id, str(run.state.value), run.start_date or run.queued_at)
        for run in session.scalars(query)
    )
