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
import salesmanago_tasks as tasks
from airflow.sdk import Param, dag
from salesmanago_links import link_to_pages

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


@dag(
    schedule=tasks.schedule(),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # two runs at once would read the same watermark
    default_args=tasks.DEFAULT_ARGS,
    on_failure_callback=tasks.failure_callback(),
    params={**tasks.PARAMS, **NARROWER},
    tags=["crm-sync", "two-way", "tier-1"],
    doc_md=__doc__,
)
def salesmanago_incremental_sync() -> None:
    """Wire the run."""
    run = tasks.start()
    objects = tasks.preflight(run)
    window = tasks.fix_window(run)
    records = tasks.extract_salesforce.partial(run=run, window=window).expand(name=objects)
    contacts = tasks.extract_salesmanago(run, window)
    counterparts = tasks.gather_counterparts(run)
    parts = tasks.match(run)
    planned = tasks.plan.partial(run=run).expand(part=parts)
    batches = tasks.bind(run)
    consent = tasks.write_consent(run)
    written = tasks.write.partial(run=run).expand(work=batches)
    settled = tasks.follow_up()
    committed = tasks.commit(window)
    closed = tasks.close(run).as_teardown(setups=run)
    # Not skipped when somebody sets the run to failed: a skipped last task would turn it green.
    told = tasks.report(run).as_teardown(setups=run, on_failure_fail_dagrun=True)

    objects >> window >> [records, contacts] >> counterparts >> parts >> planned >> batches >> consent >> written
    # Also behind consent: when a run is cleared and plans less than before, the tasks that write may be gone.
    [consent, written] >> settled >> committed >> closed >> told
    link_to_pages(batches, settled, committed, closed, told)


salesmanago_incremental_sync()
