"""What a person is shown, as plain values: pages, command line and ledger tell the same numbers."""
