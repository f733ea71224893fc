"""What test_processes.py runs in processes of its own; each takes a database, a barrier to meet at, and its number."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pandas as pd

from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.hooks.turns import SharedTurns
from salesmanago_sync.ledger.store import Ledger

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = 40
TIMES = 25
TURNS = 30
# Requests a second, for some seconds; the first process pauses everybody after so many of its own.
RATE, SECONDS, PAUSED_AFTER = 40, 3.0, 20


def merge(url: str, barrier: Barrier, number: int, times: int = TIMES) -> None:
    """Write field after field of everybody, everybody in one call."""
    ledger = Ledger.open(url)
    ids = ledger.bindings.read()["id"]
    barrier.wait()
    for turn in range(times):
        ledger.bindings.merge_base(
            pd.DataFrame({"id": ids, "base": json.dumps({f"{number}.{turn}": ["a", "b"]})}), NOON
        )


def bind(url: str, barrier: Barrier, number: int) -> int:
    """Bind everybody to a contact that differs from process to process, some in the other order; count who was."""
    ledger = Ledger.open(url)
    barrier.wait()
    refused = 0
    for start in range(0, PEOPLE, 4):
        names = [f"{name:03}" for name in range(start, start + 4)]
        pairs = {"object": "Lead", "salesforce_id": names, "salesmanago_id": [f"{number}.{name}" for name in names]}
        frame = pd.DataFrame(pairs).assign(matched_by="email")
        refused += int(ledger.bindings.add(frame[:: 1 if number else -1], 1, NOON)["refused"].sum())
    return PEOPLE - refused


def lock(url: str, barrier: Barrier, number: int) -> list[bool]:
    """Try to get the lock each time that it has expired."""
    ledger = Ledger.open(url)
    barrier.wait()
    return [isinstance(ledger.lock.take(str(number), NOON + turn * HOUR, HOUR), int) for turn in range(TURNS)]


def take_turns(url: str, barrier: Barrier, number: int) -> list[float]:
    """Take turns for some seconds; the first process lets nobody take one for a second; return when each was taken."""
    ledger = Ledger.open(url)
    pace, taken = Pace(RATE, SharedTurns(ledger)), list[float]()
    barrier.wait()
    start = time.monotonic()
    while time.monotonic() - start < SECONDS:
        pace.take_turn()
        taken.append(time.time())
        if number == 0 and len(taken) == PAUSED_AFTER:
            pace.pause(1.0)
    return taken


def open_(url: str, barrier: Barrier, _number: int) -> bool:
    """Open a ledger that has no tables yet."""
    barrier.wait()
    return Ledger.open(url).bindings.is_empty()
