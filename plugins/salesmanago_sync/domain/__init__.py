"""What the sync decides: pure functions on pandas frames; no Airflow, no network, no clock."""
