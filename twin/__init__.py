"""The twin: a local Salesforce and a local SALESmanago for tests and the demo."""
