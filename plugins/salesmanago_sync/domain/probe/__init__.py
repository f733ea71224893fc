"""The probe: what SALESmanago's documentation leaves open, asked of the account itself with throw-away contacts."""
