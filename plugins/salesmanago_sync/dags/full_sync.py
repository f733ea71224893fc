"""### SALESmanago: full sync, "Kick Off an Initial Sync".

Synchronises everybody who meets the criteria, in both directions. Run it once after installation, after a change of
mappings or criteria, and from time to time: it also sees what moves no time stamp (tags, formula fields, hard deletes).

**Is it safe to run again?** Yes. Only differences are written, and a run that finds none writes nothing.

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

BACK_FILL = {
    "fields": Param(
        [],
        type="array",
        items={"type": "string"},
        title="Fields",
        description="Only these fields, by their SALESmanago names in the mapping file, as after a new line of it: "
        "nothing else is written, and nobody is created. Never moves the watermark.",
    ),
}


def salesmanago_full_sync(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.full_sync,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=tasks.MOST_RUNS,
        default_args=tasks.DEFAULT_ARGS,
        on_failure_callback=tasks.failure_callback(pair),
        params=tasks.fresh({**tasks.PARAMS, **BACK_FILL}),
        tags=["crm-sync", "two-way", "tier-1"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        wire(pair)
    tasks.hand_over(dag, pair)
    return dag
