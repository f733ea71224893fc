"""Airflow DAG of SALESmanago: runs, changes and issues into a warehouse."""

from salesmanago_sync.dags.export import salesmanago_export

dag = salesmanago_export()
