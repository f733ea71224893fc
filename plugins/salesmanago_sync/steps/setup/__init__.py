"""Set-up of Salesforce, step by step: one function per task of the DAG; the command line calls the same."""
