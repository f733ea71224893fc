"""What can go wrong in the demo, told to a person."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on; the text says why and what was last written to the log that knows more."""
