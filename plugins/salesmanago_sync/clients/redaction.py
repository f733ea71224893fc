"""Texts of other services made fit for issues and errors: without addresses, on one line, of bounded length."""

from __future__ import annotations

import re

from salesmanago_sync.domain.carriage import mended_text

LONGEST = 500
# What is longer is cut first, so that a page of HTML costs no time.
_READ = 20_000
# The sign between name and host: typed, in a URL (encoded once or more), in JSON, Python or HTML.
_AT = r"(?:@|\uff20|\ufe6b|%(?:25)*40|\\+u0040|\\+x40|&#0*64;|&#x0*40;|&commat;)"
# A name in quotes may hold spaces and commas; the quotes may be escaped.
_QUOTED_NAME = re.compile(rf'"[^"\n]*"(?={_AT})', re.IGNORECASE)
# Everything that an address can hold outside of quotes, and more: a word too many is harmless, half an address is not.
_WORD = re.compile(rf"(?:{_AT}|[^\s\"<>()\[\],;:])+", re.IGNORECASE)
_ADDRESS = re.compile(rf"[^\s]{_AT}[^\s]|[^\s]{_AT}$", re.IGNORECASE)


def mask(text: object) -> str:
    """Replace every e-mail address by `<e-mail>` and cut what is longer than an explanation.

    Args:
        text: Words of a service.

    Returns:
        One line without addresses, which the ledger can take.
    """
    whole = _QUOTED_NAME.sub("x", mended_text(str(text)[:_READ]))
    line = " ".join(_WORD.sub(_masked, whole).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _masked(word: re.Match[str]) -> str:
    found = word[0]
    bare = found.strip("'\\.")
    # Quotes and a full stop around an address are not part of it.
    return found.replace(bare, "<e-mail>", 1) if bare and _ADDRESS.search(bare) else found
