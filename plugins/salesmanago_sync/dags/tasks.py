"""The tasks that runs share: each opens its ports and calls one step.

Heavy imports stay inside the tasks, so that DAG files parse fast.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import (  # type: ignore[attr-defined]  # Airflow's stub of airflow.sdk lacks some
    DAG,
    BaseSensorOperator,
    ExceptionRetryPolicy,
    Param,
    ParamsDict,
    PokeReturnValue,
    RetryAction,
    RetryRule,
    task,
)

from salesmanago_sync.dags.assets import READ, WRITTEN, make_asset
from salesmanago_sync.dags.links import address
from salesmanago_sync.pair import FIRST, Pair
from salesmanago_sync.schedules import read_schedule, setting_of

# Bounds how many tasks talk to the services at a time; the plugin makes it when the scheduler starts.
POOL = FIRST.pool
# The lock lets one run of both DAGs work at a time. Others may wait: for the lock, or for the answer to a question.
MOST_RUNS = 4
# How often a run that waits for the lock looks whether it is free.
POLL_SECONDS = 10

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "crm-sync",
    # How long after another failure, as the loss of a worker: Airflow's setting [core] default_task_retry_delay.
    "retries": 2,
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

OBJECTS = ["Lead", "Contact", "PersonAccount"]


def objects_param(description: str) -> Param:
    """Make the Param of the objects that a run is about."""
    items = {"type": "string", "enum": OBJECTS}
    return Param([], type="array", items=items, examples=OBJECTS, title="Objects", description=description)


PARAMS: dict[str, Param] = {
    "objects": objects_param(
        "Only these objects; empty means every enabled mapping. A part of them never moves the watermark."
    ),
    "direction": Param(
        "both",
        type="string",
        enum=["both", "to_salesmanago", "to_salesforce"],
        title="Direction",
        description="Which side may be written. One direction alone never moves the watermark.",
    ),
    "canary": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=2000,
        title="Canary",
        description="Write so many people first, read them back and compare them with the plan; everybody else only if "
        "they hold what was planned.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Plan, store and print the plan; write nothing.",
    ),
}


def fresh(params: dict[str, Param]) -> dict[str, Param]:
    """Copy Params: Airflow writes the values of a run into those of its DAG."""
    return deepcopy(params)


def schedule(pair: Pair) -> str | None:
    """Read how often the incremental sync runs, a cron expression; `none` switches it off."""
    return read_schedule("SALESMANAGO_SYNC_SCHEDULE", pair)


def consent_schedule(pair: Pair) -> str | None:
    """Read how often the consent lane looks, a cron expression; `none` switches it off."""
    return read_schedule("SALESMANAGO_SYNC_CONSENT_SCHEDULE", pair)


def audit_schedule(pair: Pair) -> str | None:
    """Read how often a certificate is made, a cron expression; not at all by default."""
    return read_schedule("SALESMANAGO_SYNC_AUDIT_SCHEDULE", pair)


def export_schedule(pair: Pair) -> str | None:
    """Read how often runs and issues are exported, a cron expression; every hour by default."""
    return read_schedule("SALESMANAGO_SYNC_EXPORT_SCHEDULE", pair)


def approval_hours(pair: Pair) -> int:
    """Read how long a question waits; what is no number is the preflight's to tell."""
    value = _setting(pair, "SALESMANAGO_SYNC_APPROVAL_HOURS")
    return int(value) if value.isdigit() and int(value) else 24


def failure_callback(pair: Pair) -> Callable[[Any], None] | None:
    """Give what tells the notifier of `SALESMANAGO_SYNC_NOTIFIER` that a run failed, if there is one."""
    return tell_notifier if _setting(pair, "SALESMANAGO_SYNC_NOTIFIER") else None


def _setting(pair: Pair, variable: str) -> str:
    value = pair.settings.get(setting_of(variable), os.environ.get(variable, ""))
    return "" if value is None else str(value).strip()


def hand_over(dag: DAG, pair: Pair) -> None:
    """Give a DAG the tag, the pool and the assets of its pair: the functions that tasks are made of are shared."""
    if not pair.is_first:
        dag.tags.add(pair.name)
    made: list[Any] = dag.tasks
    for one in made:
        # A mapped task keeps what its tasks will have.
        kept = one.partial_kwargs if one.is_mapped else vars(one)
        if one.pool == POOL:
            kept["pool"] = pair.pool
        for kind, names in (("inlets", READ), ("outlets", WRITTEN)):
            if one.task_id in names:
                kept[kind] = [make_asset(pair, name) for name in names[one.task_id]]


def tell_notifier(context: Any) -> None:
    """Tell the notifier; the DAG processor does, when a run ends red."""
    from salesmanago_sync.hooks.notification import notify

    notify(context)


# What the task start hands on: the run's number in the ledger, and the attempt that every task works under.
Began = dict[str, int]


def current(ti: Any) -> Began:
    """Give what the tasks behind the question work under: the lock may have been taken once more."""
    from salesmanago_sync.hooks.ports import newest

    return dict(newest(ti.xcom_pull(task_ids="start"), ti.xcom_pull(task_ids="resume")))


# What fix_window hands on: `since` and `until` of each side.
Window = dict[str, dict[str, str]]


class Start(BaseSensorOperator):
    """Takes the lock and opens the run in the ledger.

    A run that has to wait does so without a worker's slot: the run that holds the lock may need it. The task decorator
    for sensors would do, but importing it warns.
    """

    def poke(self, context: Any) -> PokeReturnValue:
        """Try once."""
        from airflow.sdk.exceptions import AirflowSkipException

        from salesmanago_sync.hooks.ports import task_ports, waited
        from salesmanago_sync.steps import start as step

        with task_ports() as ports:
            try:
                began = step.start(ports, waited())
            except step.NothingToDoError as reason:
                raise AirflowSkipException(ports.pair.spelled(str(reason))) from None
        return PokeReturnValue(is_done=began is not None, xcom_value=began)


def start() -> Any:
    """Take the lock and open the run in the ledger."""
    # The step itself ends the waiting, and names the run that holds the lock.
    forever = timedelta(days=7).total_seconds()
    return Start(task_id="start", mode="reschedule", poke_interval=POLL_SECONDS, timeout=forever).output


@task(multiple_outputs=False)
def preflight(run: Began) -> list[str]:
    """Check mappings, connections, permissions and settings: every fault in one message."""
    from salesmanago_sync.hooks.notification import make_notifier
    from salesmanago_sync.hooks.ports import account, attempt_of, task_ports
    from salesmanago_sync.steps.preflight import preflight as step

    with task_ports(attempt_of(run)) as ports:
        return step(ports, lambda: account(ports.pair), make_notifier)


@task(multiple_outputs=False)
def fix_window(run: Began) -> Window:
    """Fix the window of both sides by their own clocks, before the first read."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.window import fix_window as step

    with task_ports(attempt_of(run)) as ports:
        return step(ports)


@task(pool=POOL, map_index_template="{{ task.op_kwargs['name'] }}")
def extract_salesforce(run: Began, name: str, window: Window) -> int:
    """Read one object of Salesforce."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.extract import extract_salesforce as step

    with task_ports(attempt_of(run)) as ports:
        return step(ports, name, window)


@task(pool=POOL, multiple_outputs=False)
def extract_salesmanago(run: Began, window: Window) -> list[list[int]]:
    """List the contacts of SALESmanago."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.contacts import list_contacts

    with task_ports(attempt_of(run)) as ports:
        return list_contacts(ports, window)


@task(pool=POOL, map_index_template="slice {{ task.op_kwargs['slices'] | join(', ') }}")
def extract_contacts(run: Began, slices: list[int]) -> int:
    """Read the cards of some contacts."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.contacts import read_cards

    with task_ports(attempt_of(run)) as ports:
        return read_cards(ports, slices)


# Where no contact has changed, the tasks that read cards are skipped, and the run goes on. Airflow lets only tasks that
# need the success of all others take an argument of a setup: this one and those behind the question ask for it.
@task(pool=POOL, trigger_rule="none_failed_min_one_success", multiple_outputs=False)
def gather_counterparts(ti: Any = None) -> dict[str, int]:
    """Look up the other side of everybody who was read."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.extract import gather_counterparts as step

    with task_ports(attempt_of(ti.xcom_pull(task_ids="start"))) as ports:
        return step(ports)


@task(multiple_outputs=False)
def match(run: Began) -> list[int]:
    """Find who must be decided about together, and share everybody out to parts."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.parts import share_out

    with task_ports(attempt_of(run)) as ports:
        return share_out(ports)


@task(multiple_outputs=False, map_index_template="part {{ task.op_kwargs['part'] }}")
def plan(run: Began, part: int) -> dict[str, int]:
    """Decide everything about the people of a part; the plan is in the ledger."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.planning import plan_part

    with task_ports(attempt_of(run)) as ports:
        return plan_part(ports, part)


@task.branch
def guard(run: Began) -> str:
    """Hold the plan against the limits; beyond them the run asks."""
    from salesmanago_sync.hooks.ports import attempt_of, task_ports
    from salesmanago_sync.steps.guard import guard as step

    with task_ports(attempt_of(run)) as ports:
        return "bind" if step(ports) is None else "ask"


class Ask(ApprovalOperator):
    """Asks whether the plan may be written: all of it, or some objects, one direction, some fields."""

    template_fields = ()

    def execute(self, context: Any) -> Any:
        """Ask, and wait without a worker."""
        from salesmanago_sync.hooks.notification import QuestionNotifier
        from salesmanago_sync.hooks.ports import task_ports
        from salesmanago_sync.hooks.question import choices, line, text
        from salesmanago_sync.steps.approval import asked

        with task_ports(current(context["ti"]), alive=False) as ports:
            question, settings = asked(ports), ports.settings
        plan = address(context["dag_run"].dag_id, f"plan?run={current(context['ti'])['id']}")
        self.subject, self.body = question["subject"], text(question, plan)
        self.params = ParamsDict(choices(question))
        self.notifiers = [QuestionNotifier(settings, line(question, plan))]
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Keep the answer."""
        from salesmanago_sync.hooks.ports import task_ports
        from salesmanago_sync.hooks.question import answer_of
        from salesmanago_sync.steps.approval import answer

        with task_ports(current(context["ti"]), alive=False) as ports:
            answer(ports, answer_of(event))
        return super().execute_complete(context, event)


def ask(pair: Pair) -> Any:
    """Ask a person, in Airflow's Required Actions."""
    return Ask(
        task_id="ask",
        subject="May the sync write?",
        defaults=Ask.REJECT,
        # A rejected run writes nothing, whatever the trigger rules of its tasks say.
        ignore_downstream_trigger_rules=True,
        response_timeout=timedelta(hours=approval_hours(pair)),
        # Airflow 3.3 fails a task that is answered before it has gone to rest: it asks anew.
        retries=10,
        retry_delay=timedelta(seconds=10),
    )


class Resume(Start):
    """Takes the lock anew once the plan is approved, as `Start` does."""

    def poke(self, context: Any) -> PokeReturnValue:
        """Try once."""
        from salesmanago_sync.hooks.ports import task_ports, waited
        from salesmanago_sync.steps.approval import resume as step

        with task_ports(current(context["ti"]), alive=False) as ports:
            began = step(ports, waited())
        return PokeReturnValue(is_done=began is not None, xcom_value=began)


def resume() -> Any:
    """Go on with an approved plan."""
    forever = timedelta(days=60).total_seconds()
    return Resume(task_id="resume", mode="reschedule", poke_interval=POLL_SECONDS, timeout=forever)


# Within the limits nobody is asked, and nothing resumed.
@task(trigger_rule="none_failed_min_one_success", multiple_outputs=False)
def bind(ti: Any = None) -> list[list[dict[str, Any]]]:
    """Bind matched people and open the issues of the plan; what is left is written. A dry run stops here."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.binding import bind_people

    with task_ports(current(ti)) as ports:
        if ports.run.request.dry_run:
            raise AirflowSkipException("dry run: the plan is in the log of the task plan, and in the ledger")
        return bind_people(ports)


@task(pool=POOL, multiple_outputs=False)
def write_consent(ti: Any = None) -> dict[str, int]:
    """Write opt-outs, both ways, before anything else."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.writing import write_consent as step

    with task_ports(current(ti), reserve=True) as ports:
        return step(ports)


@task(pool=POOL, multiple_outputs=False)
def canary(ti: Any = None) -> dict[str, int]:
    """Where the run was asked to: write the first people, read them back, and compare them with the plan."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.canary import write_first

    with task_ports(current(ti)) as ports:
        if ports.run.request.canary is None:
            raise AirflowSkipException("the Param canary is empty: everybody is written at once")
        return write_first(ports)


# Without a canary that task is skipped, and everybody is written.
@task(
    pool=POOL,
    trigger_rule="none_failed_min_one_success",
    multiple_outputs=False,
    map_index_template="{% for batch in task.op_kwargs['work'] %}{{ batch['object'] }} {{ batch['direction'] }} "
    "{{ batch['batch'] }}/{{ batch['of'] }} of part {{ batch['part'] }}{{ '' if loop.last else ', ' }}{% endfor %}",
)
def write(work: list[dict[str, Any]], ti: Any = None) -> dict[str, int]:
    """Write some batches of people to one side."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.writing import write_batches

    with task_ports(current(ti)) as ports:
        return write_batches(ports, work)


# An empty plan has nothing to write: the mapped tasks are skipped, and the run goes on.
@task(pool=POOL, trigger_rule="none_failed_min_one_success")
def follow_up(ti: Any = None, outlet_events: Any = None) -> int:
    """Read whom this run created once more, so that defaults and links travel at once."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.newcomers import follow_up as step
    from salesmanago_sync.steps.totals import written

    with task_ports(current(ti)) as ports:
        if ports.run.request.dry_run:
            raise AirflowSkipException("dry run: nobody was created")
        found = step(ports)
        for asset, direction in zip(ti.task.outlets, ("to_salesforce", "to_salesmanago"), strict=True):
            outlet_events[asset].extra.update(written(ports, direction))
        return found


# Not skipped by a dry run, which it ends: the report would be skipped too.
@task(trigger_rule="none_failed_min_one_success", multiple_outputs=False)
def commit(window: Window, ti: Any = None) -> dict[str, int]:
    """Close what was solved and move the watermark; a dry run moves nothing."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.commit import commit as step

    with task_ports(current(ti)) as ports:
        return step(ports, window)


# The teardown of start: it runs whatever failed, was cleared, skipped or set by hand, unless start was skipped.
@task(multiple_outputs=False)
def close(ti: Any = None) -> None:
    """Add up the run, free the lock, and leave no personal data behind, whatever happened."""
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.close import close as step

    with task_ports(current(ti), alive=False, reserve=True) as ports:
        step(ports)


# The second teardown of start, and the one that makes the run red.
@task(retries=0, multiple_outputs=False)
def report(ti: Any = None) -> None:
    """Tell the totals; red when the run failed, or has issues that nobody has been told of yet."""
    from salesmanago_sync.hooks.metrics import send_metrics
    from salesmanago_sync.hooks.ports import task_ports
    from salesmanago_sync.steps.report import report as step

    def publish(totals: dict[str, Any]) -> None:
        ti.xcom_push(key="totals", value=totals)
        send_metrics(ports.pair, ports.ledger, ports.run.id, totals)

    with task_ports(current(ti), alive=False) as ports:
        step(ports, publish)
