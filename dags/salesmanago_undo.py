"""Airflow DAG of SALESmanago: what a run wrote, put back."""

from salesmanago_sync.dags.undo import salesmanago_undo

dag = salesmanago_undo()
