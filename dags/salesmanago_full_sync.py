"""Airflow DAG of SALESmanago: everybody who meets the criteria, both ways."""

from salesmanago_sync.dags.full_sync import salesmanago_full_sync

dag = salesmanago_full_sync()
