"""### SALESmanago: undo.

Puts back what a run wrote, on both sides: all of it, one field, or one person. By hand only.

**Look first.** With `dry_run` (default) nothing is written: the page Plan of the undo's run shows every value that
would go back, and those that are left, with the reason. Then run it again with `dry_run: false`, and with the number of
the dry run in `shown`: then nothing goes back that you have not seen. Without `shown`, an undo that goes beyond the
limits of a run asks before it writes, in *Required Actions*.

**What is put back?** A value goes back only where the record still holds what the run wrote. Opt-outs are never undone.
What the run created is listed, and deleted only with `delete_created: true`.

**Take it back.** An undo is a run: undo its number.

**What a red run means**

- `tell` red, the rest green: a service refused some of it. The page Issues says why.
- `preflight` red: a setting is wrong. Nothing was written. The log lists every fault.
- anything else red: clear the failed task with its downstream tasks, or run it again. What is back stays back.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from salesmanago_sync.dags import tasks
from salesmanago_sync.pair import FIRST, Pair

PARAMS = {
    "run": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Run",
        description="The number of the run in the ledger, as the page Plan shows it.",
    ),
    "field": Param("", type="string", title="Field", description="Only this field, as phone; empty means all."),
    "record": Param(
        "", type="string", title="Person", description="Only this person, by Salesforce Id or SALESmanago contactId."
    ),
    "delete_created": Param(
        False,
        type="boolean",
        title="Delete what was created",
        description="Delete the records and contacts that the run created, where nobody has edited them since.",
    ),
    "shown": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="As shown by",
        description="The number of the dry run that showed it: only what that run showed goes back.",
    ),
    "dry_run": Param(True, type="boolean", title="Dry run", description="Show what would go back; write nothing."),
}


@task.branch(pool=tasks.POOL)
def guard(run: tasks.Began) -> str:
    """Hold the undo against the limits; beyond them it asks, unless a person has looked at it before."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.undo_guard import guard_undo

    with task_ports(attempt_of(run)) as ports:
        return "undo" if guard_undo(ports) is None else "ask"


# Within the limits nobody is asked, and nothing resumed.
@task(pool=tasks.POOL, trigger_rule="none_failed_min_one_success", multiple_outputs=False)
def undo(ti: Any = None) -> dict[str, int]:
    """Put back what the run wrote."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.undoing import undo_run

    with task_ports(tasks.current(ti)) as ports:
        return undo_run(ports)


@task
def close(ti: Any = None) -> None:
    """Close the run and free the lock, whatever happened."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.undoing import end

    with task_ports(tasks.current(ti), alive=False) as ports:
        end(ports, ti.xcom_pull(task_ids="undo"))


@task(retries=0)
def tell(ti: Any = None) -> None:
    """Red when something could not be put back."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.undoing import tell as step

    with task_ports(tasks.current(ti), alive=False) as ports:
        step(ports)


def salesmanago_undo(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.undo,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        default_args=tasks.DEFAULT_ARGS,
        on_failure_callback=tasks.failure_callback(pair),
        params=tasks.fresh(PARAMS),
        tags=["crm-sync", "undo"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        run = tasks.start()
        objects = tasks.preflight(run)
        guarded, asked, resumed = guard(run), tasks.ask(pair), tasks.resume()
        undone = undo()
        closed = close().as_teardown(setups=run)
        told = tell().as_teardown(setups=run, on_failure_fail_dagrun=True)

        objects >> guarded >> asked >> resumed
        [guarded, resumed] >> undone >> closed >> told
    tasks.hand_over(dag, pair)
    return dag
