from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from salesmanago_sync.clients.pace import OwnTurns, Pace


class Slept:
    """Notes how long nobody was to wait for, and waits for nobody."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(round(seconds, 1))


def test_the_pace_is_kept_over_all_threads() -> None:
    pace, start = Pace(20), time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: pace.take_turn(), range(21)))
    assert 0.9 < time.monotonic() - start < 3


def test_two_clients_that_share_turns_keep_one_pace() -> None:
    turns, slept = OwnTurns(), Slept()
    paces = [Pace(5, turns, slept) for _ in range(2)]
    for _ in range(3):
        for pace in paces:
            pace.take_turn()
    assert slept.seconds == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_pause_holds_everybody_back_and_takes_back_what_was_reserved() -> None:
    turns, slept = OwnTurns(), Slept()
    one, other = (Pace(10, turns, slept) for _ in range(2))
    one.take_turn()
    one.pause(5)
    other.take_turn()
    one.take_turn()
    assert slept.seconds == [0.0, 5.0, 5.2]


def test_turns_that_passed_unused_are_no_burst() -> None:
    pace = Pace(100)
    pace.take_turn()
    time.sleep(0.5)
    start = time.monotonic()
    for _ in range(41):
        pace.take_turn()
    assert time.monotonic() - start > 0.35
