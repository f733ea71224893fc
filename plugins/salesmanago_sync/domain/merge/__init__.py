"""Merge: what the two sides of one person come to, field by field.

Their values in one form, what they agreed on before, and what a policy has left to be written. Nothing here knows how a
service takes a value.
"""
