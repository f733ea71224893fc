"""Plan: everything that a run will do, decided at once and nothing done yet.

Merged values become changes, as each service takes them; opt-outs are shared by address, addresses change hands in
order, and what cannot be done becomes an issue.
"""
