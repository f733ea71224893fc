"""Airflow's audit log: what people decided on the pages and on the command line.

Needs a process that may use Airflow's database: the API server and the command line may, tasks may not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.utils.session import create_session
from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from salesmanago_sync.pair import Pair

# Enough to find them in the ledger, which has all of them.
MOST = 50


def audit(pair: Pair, action: str, who: str, about: list[str]) -> None:
    """Add to the audit log; Airflow shows it beside the DAG.

    Args:
        pair: Whose people it is about.
        action: What was decided.
        who: The user's name.
        about: Ids of records or numbers of issues; never an address.
    """
    told = {"count": len(about), "about": about[:MOST]}
    with create_session() as session:
        session.add(Log(event=f"salesmanago {action}", owner=who, extra=json.dumps(told), dag_id=pair.incremental_sync))


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that Airflow itself keeps of people.

    Attributes:
        what: Where it is; no value.
        how: How to remove it.
    """

    what: str
    how: str


def kept_by_airflow(pair: Pair, named: Sequence[str]) -> list[Kept]:
    """List the runs whose Params, and the days whose audit log, name people.

    Args:
        pair: Whose runs.
        named: Their ids and addresses, as they were typed.
    """
    spelled = {spelling for text in named for spelling in (text, json.dumps(text)[1:-1])}
    with create_session() as session:
        return [*_runs(pair, session, spelled), *_days(session, spelled)]


def _runs(pair: Pair, session: Session, spelled: set[str]) -> list[Kept]:
    holds = or_(*(cast(DagRun.conf, String).icontains(text, autoescape=True) for text in spelled))
    query = select(DagRun.dag_id, DagRun.run_id).where(DagRun.dag_id.in_(pair.dags), holds).order_by(DagRun.id)
    return [
        Kept(
            f"the Params of the run {run_id} of {dag_id}",
            "delete that run on the page of the DAG, or by DELETE /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}.",
        )
        for dag_id, run_id in session.execute(query)
    ]


def _days(session: Session, spelled: set[str]) -> list[Kept]:
    # Our own entries hold ids only, and prove that somebody was forgotten.
    ours = Log.event.startswith("salesmanago ")
    holds = or_(*(Log.extra.icontains(text, autoescape=True) for text in spelled))
    found = session.scalars(select(Log.dttm).where(holds, ~ours).order_by(Log.dttm)).all()
    days = sorted({f"{moment:%Y-%m-%d}" for moment in found if moment is not None})
    return [
        Kept(
            f"{len(found)} entries of its audit log, of {days[0]} to {days[-1]}",
            "airflow db clean --tables log --clean-before-timestamp, with a moment after the last of them.",
        )
        for _ in days[:1]
    ]
