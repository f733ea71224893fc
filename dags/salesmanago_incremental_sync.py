"""Airflow DAG of SALESmanago: what changed since the last synchronisation."""

from salesmanago_sync.dags.incremental_sync import salesmanago_incremental_sync

dag = salesmanago_incremental_sync()
