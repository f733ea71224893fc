"""Airflow DAG of SALESmanago: proof that both sides agree, or why not."""

from salesmanago_sync.dags.audit import salesmanago_audit

dag = salesmanago_audit()
