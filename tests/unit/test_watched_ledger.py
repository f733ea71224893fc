"""Whoever watches the ledger sees each call of each room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salesmanago_sync.ledger.store import Ledger
from tests.watched_ledger import watched


def _calls(part: object) -> list[str]:
    return [name for name in dir(part) if not name.startswith("_") and callable(getattr(part, name))]


def test_each_call_of_each_room_passes_by(ledger: Ledger) -> None:
    passed = 0

    def passes(call: Callable[[], Any]) -> None:
        nonlocal passed
        passed += 1

    seen = watched(ledger, passes)
    rooms = [name for name in vars(ledger) if not name.startswith("_")]
    calls = [(room, name) for room in rooms for name in _calls(getattr(ledger, room))]
    for room, name in calls:
        getattr(getattr(seen, room), name)()
    assert len(rooms) == 20
    assert passed == len(calls) > 80
    seen.close()
    assert passed == len(calls) + 1, "and those of the ledger itself"


def test_a_call_that_may_pass_is_made(ledger: Ledger) -> None:
    seen = watched(ledger, lambda call: call())
    assert seen.bindings.is_empty()
    assert seen.url == ledger.url
