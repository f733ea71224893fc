"""Pace: no more requests a second than an account allows, over all threads, tasks and machines.

Requests take turns. Turns are reserved a few at a time, so that asking for them costs little whatever the rate is, and
each is used at its own moment.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Protocol

# So many reservations a second use up all turns.
RESERVATIONS_PER_SECOND = 5


class TurnGiver(Protocol):
    """Whoever gives turns away, one after the other."""

    def reserve(self, count: int, every: float) -> float:
        """Reserve turns that nobody else gets.

        Args:
            count: How many.
            every: Seconds from one turn to the next.

        Returns:
            In how many seconds the first of them comes.
        """

    def pause(self, seconds: float) -> None:
        """Give nobody a turn for some time."""


class OwnTurns:
    """Turns of one client alone."""

    def __init__(self) -> None:
        self._next = 0.0

    def reserve(self, count: int, every: float) -> float:
        """Reserve turns; see `TurnGiver`."""
        now = time.monotonic()
        first = max(now, self._next)
        self._next = first + count * every
        return first - now

    def pause(self, seconds: float) -> None:
        """Give no turn for some time."""
        self._next = max(self._next, time.monotonic() + seconds)


class Pace:
    """Holds threads back until their turn comes.

    Args:
        per_second: Requests a second.
        turns: Whoever gives turns away; this client takes its own, where nobody else does.
        sleep: How to wait.
    """

    def __init__(
        self, per_second: int, turns: TurnGiver | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._every, self._batch = 1 / per_second, max(1, per_second // RESERVATIONS_PER_SECOND)
        self._turns, self._sleep = OwnTurns() if turns is None else turns, sleep
        self._reserved: deque[float] = deque()
        self._lock = Lock()

    def take_turn(self) -> None:
        """Wait until a request may be sent."""
        with self._lock:
            turn = self._next_turn()
        self._sleep(max(0.0, turn - time.monotonic()))

    def pause(self, seconds: float) -> None:
        """Let nobody ask for some time: the service is busy."""
        with self._lock:
            self._reserved.clear()
            self._turns.pause(seconds)

    def _next_turn(self) -> float:
        # Turns that have passed unused are lost: used together, they would be a burst.
        late = time.monotonic() - self._batch * self._every
        while self._reserved and self._reserved[0] < late:
            self._reserved.popleft()
        if not self._reserved:
            first = time.monotonic() + self._turns.reserve(self._batch, self._every)
            self._reserved.extend(first + number * self._every for number in range(self._batch))
        return self._reserved.popleft()
