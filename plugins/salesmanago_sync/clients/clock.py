"""The clock of a service, as its answers tell it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from salesmanago_sync.errors import FatalError


def server_date(headers: Mapping[str, str], where: str) -> datetime:
    """Read the server's clock.

    Raises:
        FatalError: The answer has no usable Date header.
    """
    told = told_time(headers)
    if told is None:
        raise FatalError(f"{where}: the answer has no usable Date header.")
    return told


def told_time(headers: Mapping[str, str]) -> datetime | None:
    """Read the server's clock, if the answer tells it."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
