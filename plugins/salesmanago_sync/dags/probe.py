"""### SALESmanago: the probe.

Asks the SALESmanago account, with throw-away contacts, what its documentation leaves open: what empties a field,
whether tags mind case, where lists are cut. The answers are kept in the ledger with their date, and the sync goes by
them. By hand only.

**Look first.** With `check_only` (default) nothing is sent: the log of `look` says what would be made, and what is
known. Then run it again with `check_only: false`.

**Is it safe to run again?** Yes. It makes contacts of its own, `salesmanago-sync-probe-…`, and removes them at the end;
the sync takes none of them for a person. Rules of SALESmanago that react to new contacts, tags or opt-outs see
them, too.

**Take it back.** `remove` takes away what this run and earlier ones left behind, also after a fault or a lost worker.
With `remove_only` nothing is asked.

**What a red run means**

- `look` red: the connection cannot be used. Nothing was sent.
- `ask` red: the account refuses the connection, or does not answer. What was answered before is kept.
- `remove` red: throw-away contacts are left; the log names them. Run it again with `remove_only`.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from salesmanago_sync.dags import tasks
from salesmanago_sync.pair import FIRST, Pair

PARAMS: dict[str, Param] = {
    "check_only": Param(
        True,
        type="boolean",
        title="Check only",
        description="Say what would be made and asked, and what is known; send nothing.",
    ),
    "remove_only": Param(
        False,
        type="boolean",
        title="Remove only",
        description="Ask nothing; take away the throw-away contacts that earlier runs left behind.",
    ),
}


@task(pool=tasks.POOL, multiple_outputs=False)
def look(params: Any = None) -> int:
    """Say what would be made and asked, and what is known; check only ends here."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.probe_ports import task_probe_ports
    from salesmanago_sync.steps.probe.telling import look as step

    with task_probe_ports() as ports:
        calls = step(ports)
        if params["check_only"]:
            raise AirflowSkipException("check only: nothing was sent")
        return calls


@task(pool=tasks.POOL, multiple_outputs=False)
def ask(params: Any = None) -> dict[str, str]:
    """Make throw-away contacts, watch what becomes of them, and keep each answer at once."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.probe_ports import task_probe_ports
    from salesmanago_sync.steps.probe.probing import probe as step

    with task_probe_ports() as ports:
        if params["remove_only"]:
            raise AirflowSkipException("remove only: nothing is asked")
        return {one.question: one.conclusion.answer for one in step(ports).answers}


# It runs whatever became of ask, also where its worker was lost.
@task(pool=tasks.POOL, multiple_outputs=False)
def remove() -> int:
    """Remove every throw-away contact that is left."""
    from salesmanago_sync.hooks.probe_ports import task_probe_ports
    from salesmanago_sync.steps.probe.telling import remove_all as step

    with task_probe_ports() as ports:
        return step(ports)


def salesmanago_probe(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.probe,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,  # remove takes the contacts of every run away
        default_args=tasks.DEFAULT_ARGS,
        params=tasks.fresh(PARAMS),
        tags=["crm-sync", "set-up"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        looked: Any = look()
        looked >> ask() >> remove().as_teardown(setups=looked, on_failure_fail_dagrun=True)
    tasks.hand_over(dag, pair)
    return dag
