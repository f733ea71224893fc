"""Two-way sync between Salesforce and SALESmanago on Apache Airflow."""
