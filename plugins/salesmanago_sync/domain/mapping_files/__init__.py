"""Mapping files: what a person writes in YAML, read and checked.

Nothing here has seen an org: what its describe says of a mapping is in `org`.
"""
