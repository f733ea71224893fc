"""Explain: why a person is as they are, in words.

What both sides hold, what was decided, sent and answered, and what the next run would do.
"""
