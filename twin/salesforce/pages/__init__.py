"""What people see in a browser: the record page drawn from its layout, and the Visualforce pages on it."""
