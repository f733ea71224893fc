"""Airflow DAG of SALESmanago: opt-outs, whatever else is at work."""

from salesmanago_sync.dags.consent import salesmanago_consent

dag = salesmanago_consent()
