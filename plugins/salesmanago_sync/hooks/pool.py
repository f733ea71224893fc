"""The pool that bounds how many tasks of the sync talk to the services at a time.

A task whose pool does not exist is never started, so Airflow's own components make the pool when they start. A pool
that is there already keeps its size: a person may have set it.
"""

from __future__ import annotations

import logging

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)

POOL = "salesmanago_sync"
SLOTS = 4


@hookimpl
def on_starting(component: object) -> None:
    """Make the pool, in a scheduler, triggerer or DAG processor: workers have no access to Airflow's database."""
    from airflow.jobs.job import Job

    if isinstance(component, Job):
        make_pool()


def make_pool() -> None:
    """Make the pool where there is none."""
    from airflow.models.pool import Pool
    from sqlalchemy.exc import IntegrityError

    if Pool.get_pool(POOL) is not None:
        return
    try:
        Pool.create_or_update_pool(POOL, SLOTS, "Requests of the SALESmanago sync", include_deferred=False)
    except IntegrityError:
        log.debug("Another component made the pool at the same moment.")
    else:
        log.info("Made the pool %s with %d slots.", POOL, SLOTS)
