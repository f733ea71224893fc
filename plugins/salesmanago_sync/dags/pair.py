"""The DAGs of a further pair of accounts."""

from __future__ import annotations

from airflow.sdk import DAG

from salesmanago_sync.dags.audit import salesmanago_audit
from salesmanago_sync.dags.consent import salesmanago_consent
from salesmanago_sync.dags.export import salesmanago_export
from salesmanago_sync.dags.full_sync import salesmanago_full_sync
from salesmanago_sync.dags.incremental_sync import salesmanago_incremental_sync
from salesmanago_sync.dags.probe import salesmanago_probe
from salesmanago_sync.dags.setup import salesmanago_setup
from salesmanago_sync.dags.undo import salesmanago_undo
from salesmanago_sync.pair_files import pair_beside

DEFINITIONS = (
    salesmanago_full_sync,
    salesmanago_incremental_sync,
    salesmanago_consent,
    salesmanago_audit,
    salesmanago_undo,
    salesmanago_setup,
    salesmanago_probe,
    salesmanago_export,
)


def salesmanago_pair(name: str, file: str) -> list[DAG]:
    """Define every DAG of a pair. Airflow takes them by itself: each is a context that was left.

    Args:
        name: Name of the pair.
        file: The DAG file; where pairs have no folder of their own, it is looked for beside it.

    Raises:
        ConfigurationError: The file of the pair is not there, or has faults: an import error of this pair alone.
    """
    pair = pair_beside(name, file)
    return [define(pair) for define in DEFINITIONS]
