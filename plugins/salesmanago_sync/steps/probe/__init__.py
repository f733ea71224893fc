"""The probe, step by step: throw-away contacts are made, watched and removed."""
