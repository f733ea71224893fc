"""The ledger of the sync, each call of which passes through the hands of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from salesmanago_sync.ledger.store import Ledger


class _Watched:
    """A ledger or a room of it."""

    def __init__(self, watched: object, passes: Callable[[Callable[[], Any]], Any]) -> None:
        self._watched, self._passes = watched, passes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._watched, name)
        if callable(found):
            return lambda *args, **options: self._passes(lambda: found(*args, **options))
        return found if isinstance(found, str) else _Watched(found, self._passes)


def watched(ledger: Ledger, passes: Callable[[Callable[[], Any]], Any]) -> Ledger:
    """Let each call of a ledger, and of any of its rooms, pass through a function, which makes it or does not."""
    return cast(Ledger, _Watched(ledger, passes))
