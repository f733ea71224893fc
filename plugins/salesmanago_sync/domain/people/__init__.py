"""People: who is who.

Which record and which contact are one person, by binding, id or address; what becomes of a binding whose record is
converted, merged or replaced; who must be decided about together.
"""
