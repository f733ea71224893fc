"""### SALESmanago: set-up of Salesforce.

Puts SALESmanago on the record page of Salesforce: custom fields, a page with the landing page of the person, and a
section of the page layout that shows both, for Leads, Contacts and Person Accounts. By hand only.

**Look first.** With `check_only` (default) nothing is changed: the log of `compare` shows every difference, and `check`
asks Salesforce whether it would take the package. Then run it again with `check_only: false`.

**Is it safe to run again?** Yes. A second run changes nothing. Layouts keep every byte that is not ours.

**Take it back.** Run it with `undo: true` and `check_only: false`. The layouts become what they were; a layout that
somebody changed since is refused, and the difference shown. Fields stay, with what is in them.

**What a red run means**

- `preflight` red: something is in the way. Nothing was changed. The log lists every fault.
- `compare` red: a layout cannot be edited, or was changed since. Nothing was changed. The log shows the difference.
- `check` red: Salesforce would refuse the package. Nothing was changed. The log lists what it says.
- anything else red: a service failed. Clear the failed tasks to go on where they stopped.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param, task

from salesmanago_sync.dags import tasks
from salesmanago_sync.pair import FIRST, Pair

PARAMS: dict[str, Param] = {
    "objects": tasks.objects_param("Only these objects; empty means every one that the org has."),
    "layouts": Param(
        [],
        type="array",
        items={"type": "string"},
        title="Layouts",
        description="Layouts that get the section, as Lead Layout; empty means all. SALESmanago makes a new layout.",
    ),
    "profiles": Param(
        [],
        type="array",
        items={"type": "string"},
        title="Profiles",
        description="Who sees the new layout: a profile, as Standard User, or Standard User:Lead.Record_Type.",
    ),
    "check_only": Param(
        True,
        type="boolean",
        title="Check only",
        description="Show the differences and ask Salesforce whether it would take them; change nothing.",
    ),
    "undo": Param(
        False,
        type="boolean",
        title="Undo",
        description="Give the layouts and their assignments back what they were before the set-up.",
    ),
    "delete_fields": Param(
        False,
        type="boolean",
        title="Delete fields",
        description="With undo: delete the fields too, with everything in them, and the page.",
    ),
}


@task(pool=tasks.POOL, multiple_outputs=False)
def preflight() -> list[str]:
    """Check connections, permissions, names and limits: every fault in one message."""
    from salesmanago_sync.hooks.setup_ports import task_setup_ports
    from salesmanago_sync.steps.setup.preflight import preflight as step

    with task_setup_ports() as ports:
        return step(ports)


@task(pool=tasks.POOL, multiple_outputs=False)
def compare() -> dict[str, int]:
    """Show what would change, component by component, and every layout as a difference of lines."""
    from salesmanago_sync.hooks.setup_ports import task_setup_ports
    from salesmanago_sync.steps.setup.comparing import compare as step

    with task_setup_ports() as ports:
        return step(ports)


@task(pool=tasks.POOL)
def check() -> int:
    """Ask Salesforce whether it would take the package; nothing is changed."""
    from salesmanago_sync.hooks.setup_ports import task_setup_ports
    from salesmanago_sync.steps.setup.deployment import check as step

    with task_setup_ports() as ports:
        return step(ports)


@task(pool=tasks.POOL, multiple_outputs=False)
def deploy() -> dict[str, int]:
    """Deploy the package, all or nothing; check only stops here."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.setup_ports import task_setup_ports
    from salesmanago_sync.steps.setup.deployment import deploy as step

    with task_setup_ports() as ports:
        if ports.request.check_only:
            raise AirflowSkipException("check only: the differences are in the log of the task compare")
        return step(ports)


@task(pool=tasks.POOL, multiple_outputs=False)
def connect() -> dict[str, int]:
    """Write what signs the landing page's address, and give the integration user its permission set."""
    from salesmanago_sync.hooks.setup_ports import task_setup_ports
    from salesmanago_sync.steps.setup.connecting import connect as step

    with task_setup_ports() as ports:
        return step(ports)


# Also after a check, which skips what deploys.
@task(trigger_rule="none_failed")
def tell() -> str:
    """Say what was done, and what a person must do in Salesforce's own Setup."""
    from salesmanago_sync.hooks.setup_ports import task_setup_ports
    from salesmanago_sync.steps.setup.telling import tell as step

    with task_setup_ports() as ports:
        return step(ports)


def salesmanago_setup(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.setup,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,  # two set-ups at once would keep each other's work as the original
        default_args=tasks.DEFAULT_ARGS,
        params=tasks.fresh(PARAMS),
        tags=["crm-sync", "set-up"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        preflight() >> compare() >> check() >> deploy() >> connect() >> tell()
    tasks.hand_over(dag, pair)
    return dag
