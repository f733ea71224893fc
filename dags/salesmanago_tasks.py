"""The tasks of both DAGs: each opens its ports and calls one step.

Heavy imports stay inside the tasks, so that the files of this folder parse fast.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, Param, RetryAction, RetryRule, task

SALESFORCE_PEOPLE = Asset(name="salesforce_people")
SALESMANAGO_PEOPLE = Asset(name="salesmanago_people")

# Bounds how many tasks talk to the services at a time; the plugin makes it when the scheduler starts.
POOL = "salesmanago_sync"

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "crm-sync",
    "retries": 2,
    "retry_delay": timedelta(minutes=2),
    # A wrong setting or a refused log-in stays wrong; the clients have already repeated what passes by itself.
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=[
                    "salesmanago_sync.errors.ConfigurationError",
                    "salesmanago_sync.errors.FatalError",
                    "salesmanago_sync.errors.IssuesFoundError",
                ],
                action=RetryAction.FAIL,
                reason="trying again would not help",
            ),
            RetryRule(
                exception="salesmanago_sync.errors.RetriableError",
                action=RetryAction.RETRY,
                retry_delay=timedelta(minutes=2),
                reason="the service did not answer",
            ),
        ]
    ),
}

PARAMS: dict[str, Param] = {
    "objects": Param(
        [],
        type="array",
        items={"type": "string", "enum": ["Lead", "Contact", "PersonAccount"]},
        examples=["Lead", "Contact", "PersonAccount"],
        title="Objects",
        description="Only these objects; empty means every enabled mapping. A part of them never moves the watermark.",
    ),
    "direction": Param(
        "both",
        type="string",
        enum=["both", "to_salesmanago", "to_salesforce"],
        title="Direction",
        description="Which side may be written. One direction alone never moves the watermark.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Plan, store and print the plan; write nothing.",
    ),
}


def schedule() -> str | None:
    """Read how often the incremental sync runs, a cron expression; `none` switches it off."""
    value = os.environ.get("SALESMANAGO_SYNC_SCHEDULE", "*/15 * * * *").strip()
    return None if value.lower() == "none" else value


def failure_callback() -> Callable[[Any], None] | None:
    """Give what tells the notifier of `SALESMANAGO_SYNC_NOTIFIER` that a run failed, if there is one."""
    return tell_notifier if os.environ.get("SALESMANAGO_SYNC_NOTIFIER") else None


def tell_notifier(context: Any) -> None:
    """Tell the notifier; the DAG processor does, when a run ends red."""
    from salesmanago_sync.hooks.notification import notify

    notify(context)


@task(execution_timeout=timedelta(hours=2), multiple_outputs=False)
def start() -> int:
    """Take the lock and open the run in the ledger."""
    import time

    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps import start as step

    with task_ports() as ports:
        try:
            return step.start(ports, time.sleep)
        except step.NothingToDoError as reason:
            raise AirflowSkipException(str(reason)) from None


@task(multiple_outputs=False)
def preflight(run: int) -> list[str]:
    """Check mappings, connections, permissions and settings: every fault in one message."""
    from salesmanago_sync.hooks.notification import make_notifier
    from salesmanago_sync.hooks.ports import account, task_ports
    from salesmanago_sync.steps.preflight import preflight as step

    with task_ports(run) as ports:
        return step(ports, account, make_notifier)


@task(multiple_outputs=False)
def fix_window(run: int) -> dict[str, dict[str, str]]:
    """Fix the window of both sides by their own clocks, before the first read."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.window import fix_window as step

    with task_ports(run) as ports:
        return step(ports)


@task(pool=POOL, map_index_template="{{ task.op_kwargs['name'] }}")
def extract_salesforce(run: int, name: str, window: dict[str, dict[str, str]]) -> int:
    """Read one object of Salesforce."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.extract import extract_salesforce as step

    with task_ports(run) as ports:
        return step(ports, name, window)


@task(pool=POOL)
def extract_salesmanago(run: int, window: dict[str, dict[str, str]]) -> int:
    """Read the contacts of SALESmanago."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.extract import extract_salesmanago as step

    with task_ports(run) as ports:
        return step(ports, window)


@task(pool=POOL, multiple_outputs=False)
def gather_counterparts(run: int) -> dict[str, int]:
    """Look up the other side of everybody who was read."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.extract import gather_counterparts as step

    with task_ports(run) as ports:
        return step(ports)


@task(multiple_outputs=False)
def plan(run: int) -> list[dict[str, Any]]:
    """Decide everything; the plan is in the ledger, and its batches are what is written."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.planning import make_plan

    with task_ports(run) as ports:
        return make_plan(ports)


@task(multiple_outputs=False)
def bind(run: int) -> dict[str, int]:
    """Bind matched people and open the issues of the plan; a dry run stops here."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.binding import bind_people

    with task_ports(run) as ports:
        if ports.run.request.dry_run:
            raise AirflowSkipException("dry run: the plan is in the log of the task plan, and in the ledger")
        return bind_people(ports)


@task(pool=POOL, multiple_outputs=False)
def write_consent(run: int) -> dict[str, int]:
    """Write opt-outs, both ways, before anything else."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.writing import write_consent as step

    with task_ports(run) as ports:
        return step(ports)


@task(
    pool=POOL,
    multiple_outputs=False,
    map_index_template="{{ task.op_kwargs['batch']['object'] }} {{ task.op_kwargs['batch']['direction'] }} "
    "{{ task.op_kwargs['batch']['part'] }}/{{ task.op_kwargs['batch']['of'] }}",
)
def write(run: int, batch: dict[str, Any]) -> dict[str, int]:
    """Write one batch of people to one side."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.writing import write_batch

    with task_ports(run) as ports:
        return write_batch(ports, batch)


# An empty plan has nothing to write: the mapped tasks are skipped, and the run goes on.
@task(
    pool=POOL,
    trigger_rule="none_failed_min_one_success",
    outlets=[SALESFORCE_PEOPLE, SALESMANAGO_PEOPLE],
)
def follow_up(run: int, outlet_events: Any = None) -> int:
    """Read whom this run created once more, so that defaults and links travel at once."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.newcomers import follow_up as step
    from salesmanago_sync.steps.totals import written

    with task_ports(run) as ports:
        if ports.run.request.dry_run:
            raise AirflowSkipException("dry run: nobody was created")
        found = step(ports)
        for asset, direction in ((SALESFORCE_PEOPLE, "to_salesforce"), (SALESMANAGO_PEOPLE, "to_salesmanago")):
            outlet_events[asset].extra.update(written(ports, direction))
        return found


# Not skipped by a dry run, which it ends: the report would be skipped too.
@task(trigger_rule="none_failed_min_one_success", multiple_outputs=False)
def commit(run: int, window: dict[str, dict[str, str]]) -> dict[str, int]:
    """Close what was solved and move the watermark; a dry run moves nothing."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.commit import commit as step

    with task_ports(run) as ports:
        return step(ports, window)


# Also after a failure; not when there was no run at all.
@task(trigger_rule="all_done_min_one_success", multiple_outputs=False)
def close(run: int) -> None:
    """Add up the run, free the lock, and leave no personal data behind, whatever happened."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.close import close as step

    with task_ports(run) as ports:
        step(ports)


@task(retries=0, multiple_outputs=False)
def report(run: int, ti: Any = None) -> None:
    """Tell the totals; red when the run failed, or has issues that nobody has been told of yet."""
    from salesmanago_sync.hooks.metrics import send_metrics
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.report import report as step

    def publish(totals: dict[str, Any]) -> None:
        ti.xcom_push(key="totals", value=totals)
        send_metrics(ports.ledger, run, totals)

    with task_ports(run) as ports:
        step(ports, publish)
