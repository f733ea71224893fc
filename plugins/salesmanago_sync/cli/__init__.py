"""The command line: `airflow salesmanago …`, registered with Airflow through the provider entry point."""
