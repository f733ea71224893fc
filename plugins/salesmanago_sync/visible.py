"""Texts of strangers on a terminal or in a log: what would move a cursor or turn a line round is shown, not sent."""

from __future__ import annotations

from unicodedata import category

# Control characters, halves of characters, and the two separators that some terminals take for a new line.
_SHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the order of what follows, so that a line reads as another one; and the mark of byte order.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def visible(text: object, keep: str = "\n") -> str:
    """Write control characters as escapes.

    Args:
        text: What a person, a service or a file may have written.
        keep: Control characters that stay as they are.
    """
    return "".join(char if char in keep or not _is_unseen(char) else _escape(char) for char in str(text))


def _is_unseen(char: str) -> bool:
    return category(char) in _SHOWN or char in _TURNING


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
