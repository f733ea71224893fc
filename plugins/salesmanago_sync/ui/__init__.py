"""Pages of the Airflow plugin."""
