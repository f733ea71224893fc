"""Strays: contacts that an update made by accident.

SALESmanago finds whom an update is about by the address. Who was removed for good since the run read them is in no list
of what moved, and the update makes a new contact of the few fields that it carries: somebody who asked to be forgotten
would be back, and without their opt-out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.salesmanago_ids import contact_id
from salesmanago_sync.steps.ports import Ports

log = logging.getLogger(__name__)


def without_strays(
    ports: Ports, contacts: pd.Series, outcomes: Sequence[Outcome], since: datetime | None
) -> list[Outcome]:
    """Take back what updates made anew, and say of whom they did not arrive.

    Args:
        ports: What the step talks to.
        contacts: Ids of the contacts that were meant; missing for newcomers.
        outcomes: What became of each.
        since: SALESmanago's clock before the updates; where nothing is known of it, nobody is taken back.

    Returns:
        The outcomes; `RECORD_GONE` where SALESmanago names another contact than the one that was meant.
    """
    found = {
        _folded(one.id): meant
        for meant, one in zip(contacts, outcomes, strict=True)
        if one.ok and one.id is not None and isinstance(meant, str) and _folded(one.id) != _folded(meant)
    }
    if not found:
        return list(outcomes)
    for card in (card for page in ports.salesmanago.cards(found) for card in page):
        identifier = _folded(contact_id(card))
        if identifier in found and _is_new(card, since) and ports.salesmanago.delete([card["email"]])[0].ok:
            log.warning(
                "Contact %s is gone since it was read, and writing to its address made contact %s, which was deleted.",
                found[identifier],
                identifier,
            )
    return [_gone(one) if one.ok and _folded(one.id) in found else one for one in outcomes]


def _folded(identifier: str | None) -> str:
    """Spell an id as it is compared: methods need not agree on capitals."""
    return (identifier or "").lower()


def _is_new(card: Mapping[str, Any], since: datetime | None) -> bool:
    """Tell whether the update made the contact, and nobody has edited it since."""
    created = card.get("createdOn")
    if since is None or not isinstance(created, int) or not isinstance(card.get("email"), str):
        return False
    return created == card.get("modifiedOn") and created >= since.timestamp() * 1000


def _gone(outcome: Outcome) -> Outcome:
    return Outcome(ok=False, reason="RECORD_GONE", text=f"Contact {outcome.id} has its address now.")
