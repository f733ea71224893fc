"""Runs of the sync in Airflow: started and followed from outside a task, by whoever may use Airflow's database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from salesmanago_sync.errors import ConfigurationError, FatalError, Fault
from salesmanago_sync.hooks import question
from salesmanago_sync.hooks.schedule import start_run, switch

FINISHED = ("success", "failed")
# How each of them asks for a DAG to be switched on.
UNPAUSE = {"cli": "--unpause", "rest_api": '"unpause": true', "ui": "its switch"}


@dataclass(frozen=True, slots=True)
class RunState:
    """How far Airflow is with a run.

    Attributes:
        state: `queued`, `running`, `success` or `failed`.
        failed: Its tasks that failed themselves.
        paused: Whether somebody has paused the DAG: no further task of the run starts.
    """

    state: str
    failed: tuple[str, ...]
    paused: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it came to its end."""
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a run.

    Attributes:
        name: Their name, for Airflow's audit.
        by: From where they ask.
        may_switch_on: Whether they may unpause a DAG.
    """

    name: str
    by: Literal["cli", "rest_api", "ui"]
    may_switch_on: bool = True


def trigger(
    dag_id: str, params: Mapping[str, Any], who: Asker, *, starts: Sequence[str] = (), switch_on: bool = False
) -> str:
    """Start a run.

    Args:
        dag_id: The DAG.
        params: Its Params; those left out have their defaults.
        who: Who asks for it.
        starts: Other DAGs that the run starts by itself.
        switch_on: Whether to unpause whatever is paused.

    Returns:
        Airflow's name of the run.

    Raises:
        ConfigurationError: Airflow does not know the DAG or would not run it, or a Param is wrong.
    """
    dag_ids = (dag_id, *starts)
    _check(dag_ids, who, switch_on=switch_on)
    if switch_on:
        for one in dag_ids:
            switch(one, who.name, on=True)
    return start_run(dag_id, params, who.name, who.by)


def _check(dag_ids: Sequence[str], who: Asker, *, switch_on: bool) -> None:
    """Refuse a run that would wait for ever."""
    faults = []
    with create_session() as session:
        for dag_id in dag_ids:
            dag = session.get(DagModel, dag_id)
            if dag is None or dag.is_stale:
                fix = "Start the DAG processor, or look at: airflow dags list-import-errors"
                faults.append(Fault(dag_id, "is not known to this Airflow.", fix))
            elif dag.is_paused and not who.may_switch_on:
                fix = "Ask somebody who may edit the DAG to switch it on."
                faults.append(Fault(dag_id, "is paused: a run would wait for ever.", fix))
            elif dag.is_paused and not switch_on:
                what = "is paused: a run would wait for ever."
                faults.append(
                    Fault(dag_id, what, f"Switch it on with {UNPAUSE[who.by]}, or: airflow dags unpause {dag_id}")
                )
    if faults:
        raise ConfigurationError(faults)


def still_asks(dag_id: str, dag_run_id: str) -> bool:
    """Tell whether the question of a run can still be answered."""
    asking = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == dag_run_id, TaskInstance.task_id == question.TASK)
    with create_session() as session:
        return question.can_be_answered(session.scalars(select(TaskInstance.state).where(*asking)))


def dag_file(dag_id: str) -> str | None:
    """Say where Airflow's DAG processor found a DAG; None where it has not yet."""
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        return None if dag is None else dag.fileloc


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
        dag = session.get(DagModel, dag_id)
        paused = dag is not None and bool(dag.is_paused)
        return RunState(str(run.state), tuple(dict.fromkeys(session.scalars(tasks))), paused)
