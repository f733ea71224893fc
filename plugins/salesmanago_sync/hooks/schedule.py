"""What Airflow plans for the sync, read from its own tables: interval, pause, next run, runs under way; and new runs.

Needs a process that may use Airflow's database: the API server and the command line may, tasks may not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select
from sqlalchemy.orm import Session

from salesmanago_sync.overview.checklist import Switches
from salesmanago_sync.overview.status import ActiveRun, Automatic
from salesmanago_sync.pair import Pair

UNDER_WAY = (DagRunState.QUEUED, DagRunState.RUNNING)


def switched(pair: Pair) -> dict[str, str]:
    """Give the DAGs that a person switches on and off on the page."""
    return {"full": pair.full_sync, "incremental": pair.incremental_sync, "consent": pair.consent}


def read_automatic(pair: Pair) -> Automatic:
    """Read the automatic synchronisation."""
    with create_session() as session:
        active = _active(pair.syncs, session)
        dag = session.get(DagModel, pair.incremental_sync)
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


def read_active(dag_ids: Sequence[str]) -> tuple[ActiveRun, ...]:
    """Read the runs of some DAGs that wait or are at work, the oldest first."""
    with create_session() as session:
        return _active(dag_ids, session)


def _active(dag_ids: Sequence[str], session: Session) -> tuple[ActiveRun, ...]:
    query = select(DagRun).where(DagRun.dag_id.in_(dag_ids), DagRun.state.in_(UNDER_WAY)).order_by(DagRun.id)
    return tuple(
        ActiveRun(run.dag_id, run.run_id, DagRunState(run.state).value, run.start_date or run.queued_at)
        for run in session.scalars(query)
    )


def is_paused(dag_id: str) -> bool | None:
    """Tell whether a DAG is paused; None when Airflow has not read its file."""
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        return None if dag is None else bool(dag.is_paused)


def is_under_way(dag_id: str) -> bool:
    """Tell whether a run of a DAG waits or runs."""
    query = select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.state.in_(UNDER_WAY)).limit(1)
    with create_session() as session:
        return session.scalar(query) is not None


def switch(dag_id: str, who: str, *, on: bool) -> None:
    """Pause or unpause a DAG, with an entry in Airflow's audit log; one that is so already stays without an entry.

    Args:
        dag_id: The DAG.
        who: The user's name.
        on: Whether it may run.
    """
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        if dag is not None and bool(dag.is_paused) is on:
            dag.is_paused = not on
            extra = json.dumps({"is_paused": not on})
            event = f"salesmanago switch {'on' if on else 'off'}"
            session.add(Log(event=event, owner=who, extra=extra, dag_id=dag_id))


def read_switches(pair: Pair) -> Switches:
    """Read which DAGs are paused, and whether the set-up of Salesforce was run."""
    paused = {mode: is_paused(dag_id) for mode, dag_id in switched(pair).items()}
    done = select(DagRun.conf).where(DagRun.dag_id == pair.setup, DagRun.state == DagRunState.SUCCESS)
    with create_session() as session:
        asked = [conf or {} for conf in session.scalars(done.order_by(DagRun.id.desc()))]
    real = [conf for conf in asked if conf.get("check_only") is False]
    return Switches(paused, bool(real) and not real[0].get("undo"))


def params_of(dag_id: str, run_id: str) -> dict[str, Any]:
    """Read the Params with which a run was started; nothing where Airflow no longer has the run."""
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        return {} if run is None else dict(run.conf or {})


def start_run(dag_id: str, params: Mapping[str, Any], user: str, by: Literal["ui", "cli", "rest_api"] = "ui") -> str:
    """Trigger a DAG as its Trigger button does.

    Args:
        dag_id: The DAG.
        params: Its Params that differ from their defaults.
        user: Who triggers it, for Airflow's audit.
        by: From where.

    Returns:
        Airflow's name of the run.
    """
    run = trigger_dag(dag_id, triggered_by=DagRunTriggeredByType(by), triggering_user_name=user, conf=dict(params))
    return "" if run is None else str(run.run_id)
