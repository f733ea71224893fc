"""The demo: a whole synchronisation in a real Airflow, against local Salesforce and SALESmanago servers."""
