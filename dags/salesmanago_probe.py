"""Airflow DAG of SALESmanago: what the account does where its documentation is silent."""

from salesmanago_sync.dags.probe import salesmanago_probe

dag = salesmanago_probe()
