"""Runs of the sync in Airflow: started and followed from outside a task, by whoever may use Airflow's database."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow.api.client import get_current_api_client
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from salesmanago_sync.errors import ConfigurationError, FatalError, Fault
from salesmanago_sync.steps.request import read_request

FINISHED = ("success", "failed")


@dataclass(frozen=True, slots=True)
class RunState:
    """How far Airflow is with a run.

    Attributes:
        state: `queued`, `running`, `success` or `failed`.
        failed: Its tasks that failed themselves.
    """

    state: str
    failed: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether it came to its end."""
        return self.state in FINISHED


def trigger(dag_id: str, params: Mapping[str, Any]) -> str:
    """Start a run.

    Args:
        dag_id: The DAG.
        params: Its Params; those left out have their defaults.

    Returns:
        Airflow's name of the run.

    Raises:
        ConfigurationError: Airflow does not know the DAG or would not run it, or a Param is wrong.
    """
    read_request(params)
    _check(dag_id)
    started = get_current_api_client().trigger_dag(
        dag_id=dag_id, conf=dict(params), triggering_user_name=getpass.getuser()
    )
    return str((started or {})["dag_run_id"])


def _check(dag_id: str) -> None:
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        known, paused = dag is not None and not dag.is_stale, dag is not None and dag.is_paused
    if not known:
        fix = "Start the DAG processor, or look at: airflow dags list-import-errors"
        raise ConfigurationError([Fault(dag_id, "is not known to this Airflow.", fix)])
    if paused:
        what = "is paused: a run would wait for ever."
        raise ConfigurationError([Fault(dag_id, what, f"Switch it on: airflow dags unpause {dag_id}")])


def run_state(dag_id: str, dag_run_id: str) -> RunState:
    """Read how far a run is.

    Raises:
        FatalError: There is no such run any more.
    """
    tasks = select(TaskInstance.task_id).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id == dag_run_id, TaskInstance.state == "failed"
    )
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == dag_run_id))
        if run is None:
            raise FatalError(f"Airflow has no run {dag_run_id} of {dag_id} any more.")
        return RunState(str(run.state), tuple(dict.fromkeys(session.scalars(tasks))))
