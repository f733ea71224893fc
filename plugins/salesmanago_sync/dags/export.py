"""### SALESmanago: export.

Puts runs, their changes and the issues as Parquet files into a folder or bucket (`SALESMANAGO_SYNC_EXPORT`), where a
warehouse reads them: every hour, or by `SALESMANAGO_SYNC_EXPORT_SCHEDULE`.

**A skipped run** means that no place is set.

**Is it safe?** It reads the ledger, and asks neither service. People's values go along only with
`SALESMANAGO_SYNC_EXPORT_VALUES=true`.

**What a red run means**: the place cannot be read or written. The log says why; the next run makes good what is
missing.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task

from salesmanago_sync.dags import tasks
from salesmanago_sync.pair import FIRST, Pair


@task(multiple_outputs=False)
def export() -> dict[str, int]:
    """Store what has ended since the last time, and the issues as they are now."""
    from airflow.sdk.exceptions import AirflowSkipException

    from salesmanago_sync.hooks.export_folder import ExportFolder
    from salesmanago_sync.hooks.ports import export_root, task_ports
    from salesmanago_sync.steps.exporting import export as step

    with task_ports() as ports:
        if ports.settings.export is None:
            raise AirflowSkipException("SALESMANAGO_SYNC_EXPORT names no place to export to.")
        warehouse = ExportFolder(export_root(ports.pair, ports.settings))
        return step(ports.ledger, warehouse, values=ports.settings.export_values)


def salesmanago_export(pair: Pair = FIRST) -> DAG:
    """Define the DAG.

    Args:
        pair: Whose DAG.
    """
    with DAG(
        pair.export,
        schedule=tasks.export_schedule(pair),
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,  # two at once would write the same files
        default_args=tasks.DEFAULT_ARGS,
        on_failure_callback=tasks.failure_callback(pair),
        tags=["crm-sync"],
        doc_md=pair.spelled(__doc__ or ""),
    ) as dag:
        export()
    tasks.hand_over(dag, pair)
    return dag
