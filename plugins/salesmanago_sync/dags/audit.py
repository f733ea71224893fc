"""### SALESmanago: audit.

Reads both sides whole, as a full sync does, and makes a certificate: of every person and every mapped field whether
both sides are equal, different for a stated reason, or different without one. By hand, or by
`SALESMANAGO_SYNC_AUDIT_SCHEDULE`.

**Is it safe to run?** Yes. It reads, and writes nothing, unless it is told to repair. Like a run it waits until no
other one works: what a run writes meanwhile would look like a difference.

**Repair.** With `repair: true` whoever has an unexplained difference is synchronised anew, and nobody else.

**What a red run means**

- `tell` red, the rest green: there are unexplained differences. The certificate lists them by record id.
- `preflight` red: a setting is wrong. The log lists every fault.
- anything else red: a service failed. Clear the failed task with its downstream tasks, or run it again.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, task

from salesmanago_sync.dags import tasks
from salesmanago_sync.dags.run import wire_reading
from salesmanago_sync.pair import FIRST, Pair

PARAMS = {
    "repair": Param(
        False,
        type="boolean",
        title="Repair",
        description="Synchronise anew whoever has an unexplained difference, and nobody else.",
    )
}


@task(pool=tasks.POOL, multiple_outputs=False, map_index_template="part {{ task.op_kwargs['part'] }}")
def compare(run: tasks.Began, part: int) -> dict[str, int]:
    """Compare both sides of the people of a part."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.certifying import compare_part

    with task_ports(attempt_of(run)) as ports:
        return compare_part(ports, part)


@task(trigger_rule="none_failed_min_one_success", multiple_outputs=False)
def certify(ti: Any = None) -> dict[str, Any]:
    """Add up what was found, and keep the certificate."""
    from salesmanago_sync.domain.certificate.certificate import as_json
    from salesmanago_sync.hooks.certificates import Certificates
    from salesmanago_sync.hooks.metrics import send_certificate_metrics
    from salesmanago_sync.hooks.ports import attempt_of, certificates_root, task_ports
    from salesmanago_sync.steps.certifying import certify as step

    with task_ports(attempt_of(ti.xcom_pull(task_ids="start"))) as ports:
        found = step(ports)
        name = Certificates(certificates_root(ports.pair, ports.settings)).keep(as_json(found))
        send_certificate_metrics(ports.pair, found.totals, found.by_reason)
    return {**found.totals, "file": name}


@task(multiple_outputs=False)
def alarm(totals: dict[str, Any], ti: Any = None, outlet_events: Any = None) -> None:
    """Send an event if something is unexplained."""
    from airflow.sdk.exceptions import AirflowSkipException

    if totals["unexplained"] == 0:
        raise AirflowSkipException("every difference is explained")
    [unexplained] = ti.task.outlets
    outlet_events[unexplained].extra.update(totals)


@task(multiple_outputs=False)
def repair(ti: Any = None) -> list[str]:
    """Name whom to synchronise anew, if that was asked for."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.certifying import prepare_repair

    with task_ports(attempt_of(ti.xcom_pull(task_ids="start"))) as ports:
        if not ports.run.request.repair:
            raise AirflowSkipException("not asked for: trigger the audit with repair: true")
        return prepare_repair(ports)


@task(retries=0)
def tell(run: tasks.Began, ti: Any = None) -> None:
    """Red when something is unexplained, or the audit failed."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.certifying import tell as step

    with task_ports(attempt_of(run), alive=False) as ports:
        step(ports, ti.xcom_pull(task_ids="certify"))


def salesmanago_audit(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.audit,
        schedule=tasks.audit_schedule(pair),
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        default_args=tasks.DEFAULT_ARGS,
        on_failure_callback=tasks.failure_callback(pair),
        params=tasks.fresh(PARAMS),
        tags=["crm-sync", "audit"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        run = tasks.start()
        _, parts = wire_reading(run)
        compared = compare.partial(run=run).expand(part=parts)
        totals: Any = certify()
        alarmed = alarm(totals)
        repaired = repair()
        # It waits by itself until this run has given the lock back.
        synchronised = TriggerDagRunOperator(
            task_id="synchronised",
            trigger_dag_id=pair.incremental_sync,
            conf={"ids": repaired},
        )
        closed = tasks.close().as_teardown(setups=run)
        told = tell(run).as_teardown(setups=run, on_failure_fail_dagrun=True)

        # Also behind match: where there is nobody, nothing is compared.
        [parts, compared] >> totals
        totals >> alarmed >> repaired >> synchronised >> closed >> told
    tasks.hand_over(dag, pair)
    return dag
