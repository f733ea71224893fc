"""Undo: what a run wrote put back, where it is still there: a plan, made from what the ledger kept of that run."""
