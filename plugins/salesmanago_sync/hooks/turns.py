"""Turns of all tasks, given away by the ledger, which each of them can reach."""

from __future__ import annotations

from dataclasses import dataclass

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.watermark import now_utc


@dataclass(frozen=True, slots=True)
class SharedTurns:
    """Turns that every task of the account takes."""

    ledger: Ledger

    def reserve(self, count: int, every: float) -> float:
        """Reserve turns; see `clients.pace.TurnGiver`."""
        return self.ledger.turns.reserve(count, every, now_utc())

    def pause(self, seconds: float) -> None:
        """Give no task a turn for some time."""
        self.ledger.turns.pause(seconds, now_utc())
