"""The wire: one client a service, one error table each; no Airflow."""
