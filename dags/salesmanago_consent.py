"""### SALESmanago: opt-outs, whatever else is at work.

While a full sync works, or while ordinary runs fail, an opt-out must not wait. This DAG looks every five minutes
(`SALESMANAGO_SYNC_CONSENT_SCHEDULE`, `none` switches it off) and writes opt-outs, both ways, and nothing else.

**A skipped run** is the rule: the ordinary runs keep up, and no request was made.

**Is it safe beside a run?** Yes. It takes no lock and moves no watermark; an opt-out that is written twice is the same
opt-out.

**What a red run means**: a service did not answer, or refused an opt-out. The log says which. The next run tries again.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
import salesmanago_tasks as tasks
from airflow.sdk import DeadlineAlert, DeadlineReference, SyncCallback, dag, task

# Two intervals of the shipped schedule.
LATE = timedelta(minutes=10)


@task(multiple_outputs=False)
def carry_opt_outs() -> dict[str, int]:
    """Read what moved, and write the opt-outs among it to the other side."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.metrics import send_consent_metrics
    from salesmanago_sync.hooks.ports import account, task_ports
    from salesmanago_sync.steps import consent_lane as lane

    with task_ports() as ports:
        try:
            result = lane.carry_opt_outs(ports, account)
        except lane.NothingToDoError as reason:
            raise AirflowSkipException(str(reason)) from None
        finally:
            send_consent_metrics(ports.ledger, ports.now())
    lane.check_refused(result)
    return result


@dag(
    schedule=tasks.consent_schedule(),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # two at once would read the same changes twice
    default_args={**tasks.DEFAULT_ARGS, "retries": 0},  # the next run comes sooner than a retry
    on_failure_callback=tasks.failure_callback(),
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=LATE,
        callback=SyncCallback("salesmanago_sync.hooks.lateness.tell_late"),
    ),
    tags=["crm-sync", "consent", "tier-1"],
    doc_md=__doc__,
)
def salesmanago_consent() -> None:
    """Wire the run."""
    carry_opt_outs()


salesmanago_consent()
