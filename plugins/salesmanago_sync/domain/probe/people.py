"""Throw-away contacts: how they are called, so that everybody knows them again, the sync above all.

The sync takes nobody of this name for a person, whatever the domain: neither while a probe is at work, nor when one
was killed and left somebody behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

NAME = "salesmanago-sync-probe"
# RFC 2606 reserves it: nobody reads what is sent there.
DOMAIN = "example.com"
# A contact cannot be made with more in front of the @ (API reference: e-mail validation).
LONGEST_LOCAL_PART = 64
_MADE = re.compile(rf"\s*{NAME}-[0-9a-f]{{8}}-[a-z]+@.+", re.IGNORECASE)


def address(run: str, role: str, domain: str = DOMAIN) -> str:
    """Name a throw-away contact.

    Args:
        run: Eight hexadecimal digits of the probe.
        role: What the contact is for, in letters.
        domain: The part behind the @.
    """
    return f"{NAME}-{run}-{role}@{domain}"


def is_throw_away(email: object) -> bool:
    """Tell whether an address is that of a throw-away contact, of this probe or of any other."""
    return isinstance(email, str) and _MADE.fullmatch(email) is not None


def real(cards: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Leave throw-away contacts out."""
    return [card for card in cards if not is_throw_away(card.get("email"))]
