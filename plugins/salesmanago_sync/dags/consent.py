"""### SALESmanago: opt-outs, whatever else is at work.

While a full sync works, or while ordinary runs fail, an opt-out must not wait. This DAG looks every five minutes
(`SALESMANAGO_SYNC_CONSENT_SCHEDULE`, `none` switches it off) and writes opt-outs, both ways, and nothing else.

**A skipped run** is the rule: the ordinary runs keep up, and no request was made.

**Is it safe beside a run?** Yes. It takes no lock and moves no watermark; an opt-out that is written twice is the same
opt-out.

**What a red run means**: a service did not answer, or refused an opt-out. The log says which. The next run tries again.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import (  # type: ignore[attr-defined]  # Airflow's stub of airflow.sdk lacks some
    DAG,
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
    task,
)

from salesmanago_sync.dags import tasks
from salesmanago_sync.pair import FIRST, Pair
from salesmanago_sync.schedules import two_intervals


@task(multiple_outputs=False)
def carry_opt_outs() -> dict[str, int]:
    """Read what moved, and write the opt-outs among it to the other side."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.metrics import send_consent_metrics
    from salesmanago_sync.hooks.ports import account, task_ports
    from salesmanago_sync.steps import consent_lane as lane
    from salesmanago_sync.steps.start import NothingToDoError

    with task_ports(reserve=True) as ports:
        try:
            result = lane.carry_opt_outs(ports, lambda: account(ports.pair))
        except NothingToDoError as reason:
            raise AirflowSkipException(ports.pair.spelled(str(reason))) from None
        finally:
            send_consent_metrics(ports.pair, ports.ledger, ports.now())
    lane.check_refused(result)
    return result


def salesmanago_consent(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    # Whoever tells it has neither the DAG nor its file.
    whose = None if pair.file is None else {"pair": pair.name, "beside": str(pair.file.parents[1])}
    schedule = tasks.consent_schedule(pair)
    with DAG(
        pair.consent,
        schedule=schedule,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,  # two at once would read the same changes twice
        default_args={**tasks.DEFAULT_ARGS, "retries": 0},  # the next run comes sooner than a retry
        on_failure_callback=tasks.failure_callback(pair),
        deadline=DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=two_intervals(schedule),
            callback=SyncCallback("salesmanago_sync.hooks.lateness.tell_late", whose),
        ),
        tags=["crm-sync", "consent", "tier-1"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        carry_opt_outs()
    tasks.hand_over(dag, pair)
    return dag
