"""What both sides agreed on: bindings, base values, runs, changes, issues."""
