"""The note of a DAG run in Airflow's own screens: the result of the sync in one line.

A task cannot write it, so the scheduler does when the run ends.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.listeners import hookimpl

from salesmanago_sync.pair import FIRST, read_dag_id

REPORT = "report"
# What the database keeps.
LONGEST = 1000


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Note the result of a run that ended well."""
    write_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Note the result of a run that ended red."""
    write_note(dag_run)


def write_note(dag_run: Any) -> None:
    """Copy the one-line result of the report task to the run."""
    from airflow.models.xcom import XComModel
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    found = read_dag_id(dag_run.dag_id)
    if found is None or found[1] not in FIRST.syncs or session is None:
        return
    totals = session.scalar(
        select(XComModel.value).where(
            XComModel.dag_id == dag_run.dag_id,
            XComModel.run_id == dag_run.run_id,
            XComModel.task_id == REPORT,
            XComModel.key == "totals",
        )
    )
    if totals is not None:
        dag_run.note = (json.loads(totals) if isinstance(totals, str) else totals)["note"][:LONGEST]
