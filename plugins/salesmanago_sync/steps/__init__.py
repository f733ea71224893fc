"""One function for each task of the DAGs."""
