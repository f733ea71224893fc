"""Values in words: times, spans, numbers and directions as the pages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from salesmanago_sync.domain.explain import wording

DIRECTIONS = wording.WAYS
SIDE_NAMES = wording.SIDE_NAMES
MODES = {"full": "Initial", "incremental": "Instant", "consent": "Opt-outs", "audit": "Audit", "undo": "Undo"}
RUN_STATES = {
    "running": "running",
    "committed": "finishing",
    "success": "done",
    "issues": "done, with new issues",
    "failed": "failed",
    "asks": "waits for an answer",
    "rejected": "rejected",
}
FIRST_SYNC = {"never": "Not done yet", "running": "Running", "done": "Done", "failed": "Failed"}
UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def moment(when: datetime | None) -> str:
    """Write a moment in UTC, to the minute."""
    return "–" if when is None else when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(length: timedelta | None) -> str:
    """Write a span of time with its two largest units."""
    if length is None:
        return "–"
    rest = round(length.total_seconds())
    parts: list[str] = []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def number(value: float | None) -> str:
    """Write a whole number with thousands apart."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def signed(value: int) -> str:
    """Write a difference with its sign."""
    return "±0" if value == 0 else f"{value:+d}".replace("-", "\u2212")


def named(query: str) -> list[tuple[str, str]]:
    """Take the query of an address apart, for a form that asks the same."""
    return parse_qsl(query)


def direction(name: str) -> str:
    """Write a direction as an arrow between the two systems."""
    return DIRECTIONS.get(name, name)
