"""The twin's clock: real time plus an offset that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Clock:
    """UTC time that can be moved forward, shared by both systems.

    Args:
        standing: Where the clock stands until it is moved; without it, it goes with real time.
    """

    def __init__(self, standing: datetime | None = None) -> None:
        self._standing = standing
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """Return the twin's present time in UTC."""
        return (self._standing or datetime.now(UTC)) + self._offset

    def seconds(self) -> int:
        """Return the present time as whole seconds since 1970."""
        return int(self.now().timestamp())

    def http_date(self) -> str:
        """Return the present time in the form of the `Date` header."""
        return format_datetime(self.now(), usegmt=True)

    def advance(self, seconds: float) -> None:
        """Move the clock by a number of seconds."""
        self._offset += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Go back to the start."""
        self._offset = timedelta(0)
