"""Airflow DAG of SALESmanago: fields, landing page and layouts in Salesforce."""

from salesmanago_sync.dags.setup import salesmanago_setup

dag = salesmanago_setup()
