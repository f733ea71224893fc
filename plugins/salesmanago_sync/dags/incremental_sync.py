"""### SALESmanago: incremental sync, "Kick Off an Instant Sync".

Synchronises what changed on either side since the last synchronisation, and tries again what was refused. Runs by
schedule (`SALESMANAGO_SYNC_SCHEDULE`, default every 15 minutes, `none` switches it off) or by hand.

**Is it safe to run again?** Yes. Windows overlap, only differences are written, and a run that finds none writes
nothing.

**A skipped run** is no fault: another run was at work, or the first full sync was not done yet. `start` says which.

**What a red run means**

- `report` red, the rest green: the sync worked, and some records were refused. Its log says which, why and what to do.
- `preflight` red: a setting is wrong. Nothing was written. The log lists every fault.
- anything else red: a service failed. The next run looks at the same time again; to go on with this one, clear the
  failed task with its downstream tasks.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from salesmanago_sync.dags import tasks
from salesmanago_sync.dags.run import wire
from salesmanago_sync.pair import FIRST, Pair

NARROWER = {
    "since": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="Since",
        description="Read changes since this time instead of the last synchronisation, in this run only.",
    ),
    "emails": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="People",
        description="Only these people, by e-mail address; changed or not. Never moves the watermark. Airflow keeps "
        "what is typed here: prefer ids.",
    ),
    "ids": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="People by id",
        description="Only these people, by Salesforce Id or SALESmanago contactId; changed or not. Never moves the "
        "watermark.",
    ),
}


def salesmanago_incremental_sync(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.incremental_sync,
        schedule=tasks.schedule(pair),
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=tasks.MOST_RUNS,
        default_args=tasks.DEFAULT_ARGS,
        on_failure_callback=tasks.failure_callback(pair),
        params=tasks.fresh({**tasks.PARAMS, **NARROWER}),
        tags=["crm-sync", "two-way", "tier-1"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        wire(pair)
    tasks.hand_over(dag, pair)
    return dag
