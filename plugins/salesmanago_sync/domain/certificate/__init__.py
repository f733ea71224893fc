"""Certificate: what both sides hold, field by field, and why they differ where they do.

An eye of its own: it compares values and looks for a reason that something else than the merge gives.
"""
