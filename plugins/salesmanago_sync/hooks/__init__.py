"""Airflow connections, Variables and staging turned into clients and values."""
