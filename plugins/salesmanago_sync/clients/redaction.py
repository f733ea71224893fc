"""Texts of other services made fit for logs, issues and errors."""

from __future__ import annotations

import re

# Wider than what a valid address may be: a masked word too many does no harm, an address too many does.
_EMAIL = re.compile(r"[^\s\"'<>()\[\]{},;:=|]+(?:@|%40)[^\s\"'<>()\[\]{},;:=|]+", re.IGNORECASE)
_LONGEST = 500


def mask(text: object) -> str:
    """Replace every e-mail address by `<e-mail>` and cut what is longer than an explanation.

    Args:
        text: Words of a service.

    Returns:
        One line without addresses.
    """
    line = " ".join(_EMAIL.sub("<e-mail>", str(text)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
