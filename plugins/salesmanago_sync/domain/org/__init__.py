"""Org: what describe says of one Salesforce org, and what follows from it.

Mappings and values are checked against it, and mappings are drafted for it.
"""
