"""Makes a history that breaks a law as small as it can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from tests.histories.history import History, Step
from tests.histories.setups import Setup

# A step of a run has what people do meanwhile, and where it dies, at these places.
RUNS_WITH_MORE = {"run": (2, 3), "clear": (4, 5), "overtake": (5,), "disturb": (3,), "ask": (3, 4, 5), "undo": (2, 3)}


def smallest(history: History, breaks: Callable[[History], bool], seconds: float) -> History:
    """Take away what can be taken away while the law is still broken.

    Args:
        history: A history that breaks a law.
        breaks: Tells whether another one breaks the same law.
        seconds: When to be content.

    Returns:
        The smallest that was found.
    """
    until = time.monotonic() + seconds
    size = max(len(history.steps) // 2, 1)
    while time.monotonic() < until:
        for smaller in _smaller(history, size):
            if breaks(smaller):
                history = smaller
                break
            if time.monotonic() >= until:
                return history
        else:
            if size == 1:
                return history
            size = max(size // 2, 1)
    return history


def _smaller(history: History, size: int) -> Iterator[History]:
    """Leave out some steps in a row; at last single parts of steps, and what is special about the surroundings."""
    for start in reversed(range(0, len(history.steps), size)):
        yield replace(history, steps=(*history.steps[:start], *history.steps[start + size :]))
    if size > 1:
        return
    for place, step in enumerate(history.steps):
        for simpler in _simpler(step):
            yield replace(history, steps=(*history.steps[:place], simpler, *history.steps[place + 1 :]))
    usual = Setup()
    for one in fields(Setup):
        if getattr(history.setup, one.name) != getattr(usual, one.name):
            yield replace(history, setup=replace(history.setup, **{one.name: getattr(usual, one.name)}))


def _simpler(step: Step) -> Iterator[Step]:
    for place in RUNS_WITH_MORE.get(str(step[0]), ()):
        if place >= len(step) or not step[place]:
            continue
        part: Sequence[Any] = step[place]
        if isinstance(part[0], str):  # a death
            yield [*step[:place], None, *step[place + 1 :]]
        else:
            for one in range(len(part)):
                yield [*step[:place], [*part[:one], *part[one + 1 :]], *step[place + 1 :]]
