"""The pool that bounds how many tasks of the sync talk to the services at a time.

A task whose pool does not exist is never started, so Airflow's own components make the pool when they start, and that
of a further pair of accounts when a run of it does. A pool that is there already keeps its size: a person may have set
it.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.listeners import hookimpl

from salesmanago_sync.pair import FIRST, own, read_dag_id

log = logging.getLogger(__name__)

POOL = FIRST.pool
SLOTS = 4
DESCRIPTION = "Requests of the SALESmanago sync"


@hookimpl
def on_starting(component: object) -> None:
    """Make the pool, in a scheduler, triggerer or DAG processor: workers have no access to Airflow's database."""
    from airflow.jobs.job import Job

    if isinstance(component, Job):
        make_pool()


@hookimpl
def on_dag_run_running(dag_run: Any, msg: str) -> None:
    """Make the pool of the pair whose run begins, in the scheduler's own transaction."""
    from sqlalchemy.orm import object_session

    session, found = object_session(dag_run), read_dag_id(dag_run.dag_id)
    if session is not None and found is not None:
        made: Any = session.execute(_once(session.get_bind().dialect.name, own(found[0], POOL)))
        if made.rowcount:
            log.info("Made the pool %s with %d slots.", own(found[0], POOL), SLOTS)


def _once(dialect: str, name: str) -> Any:
    """Insert a pool unless it is there: another scheduler may make it just now, and nobody may commit here."""
    from airflow.models.pool import Pool
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    row = {"pool": name, "slots": SLOTS, "description": DESCRIPTION, "include_deferred": False}
    if dialect == "mysql":
        return mysql.insert(Pool).values(row).prefix_with("IGNORE")
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(Pool).values(row).on_conflict_do_nothing()


def make_pool() -> None:
    """Make the pool where there is none."""
    from airflow.models.pool import Pool
    from sqlalchemy.exc import IntegrityError

    if Pool.get_pool(POOL) is not None:
        return
    try:
        Pool.create_or_update_pool(POOL, SLOTS, DESCRIPTION, include_deferred=False)
    except IntegrityError:
        log.debug("Another component made the pool at the same moment.")
    else:
        log.info("Made the pool %s with %d slots.", POOL, SLOTS)
