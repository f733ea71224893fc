"""Watermarks: up to when each side was synchronised, and whether the first full sync was ever done.

Kept in Airflow Variables, so that a person may look at them and set the watermark back to re-read from an earlier time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.steps.ports import Variables
from salesmanago_sync.steps.request import utc

LAST_SYNC = "salesmanago_last_sync"
FIRST_SYNC = "salesmanago_first_sync"


class Watermark(BaseModel):
    """Up to when each side was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salesforce: AwareDatetime
    salesmanago: AwareDatetime

    @property
    def earlier(self) -> datetime:
        """The earlier of both."""
        return min(self.salesforce, self.salesmanago)


class FirstSync(NamedTuple):
    """How far the first full sync is: never, running, done or failed; and when it ended."""

    status: str
    finished_at: datetime | None


def has_watermark(variables: Variables) -> bool:
    """Tell whether there is a watermark, readable or not; the preflight tells which faults it has."""
    try:
        return variables.get(LAST_SYNC) is not None
    except ValueError:
        return True


def read_watermark(variables: Variables) -> Watermark | None:
    """Read the watermark.

    Args:
        variables: Airflow Variables.

    Returns:
        None where nothing was synchronised yet.

    Raises:
        ConfigurationError: The Variable cannot be read.
    """
    value = _read(variables, LAST_SYNC)
    if value is None:
        return None
    example = '{"salesforce": "2026-01-31T10:00:00Z", "salesmanago": "2026-01-31T10:00:00Z"}'
    try:
        return Watermark.model_validate(value)
    except ValidationError:
        raise ConfigurationError([Fault(f"Variable {LAST_SYNC}", "cannot be read.", f"Write {example}.")]) from None


def late_faults(watermark: Watermark | None, clocks: Mapping[str, datetime]) -> list[Fault]:
    """Find the sides whose watermark lies after the service's own clock: changes before it would be skipped.

    Args:
        watermark: The watermark.
        clocks: The clock of each side.
    """
    if watermark is None:
        return []
    late = [side for side, clock in clocks.items() if getattr(watermark, side) > clock]
    return [
        Fault(f"Variable {LAST_SYNC}, {side}", "is later than the service's clock.", "Set an earlier time.")
        for side in late
    ]


def write_watermark(variables: Variables, salesforce: datetime, salesmanago: datetime) -> None:
    """Move the watermark."""
    variables.set(LAST_SYNC, {"salesforce": utc(salesforce), "salesmanago": utc(salesmanago)})


def first_sync(variables: Variables) -> str:
    """Say how far the first full sync is: never, running, done or failed."""
    return read_first_sync(variables).status


def read_first_sync(variables: Variables) -> FirstSync:
    """Read how far the first full sync is, and when it ended.

    Raises:
        ConfigurationError: The Variable holds no JSON.
    """
    value = _read(variables, FIRST_SYNC)
    found = value if isinstance(value, dict) else {}
    status = found.get("status")
    known = status if status in ("never", "running", "done", "failed") else "never"
    try:
        ended = datetime.fromisoformat(str(found.get("finished_at")))
    except ValueError:
        ended = None
    return FirstSync(known, ended)


def write_first_sync(variables: Variables, status: str, finished_at: datetime | None = None) -> None:
    """Note how far the first full sync is."""
    ended = utc(finished_at) if finished_at is not None else None
    variables.set(FIRST_SYNC, {"status": status, "finished_at": ended})


def _read(variables: Variables, name: str) -> Any:
    try:
        return variables.get(name)
    except ValueError:
        fault = Fault(f"Variable {name}", "holds no JSON.", "Delete it, or write what the README shows.")
        raise ConfigurationError([fault]) from None


def now_utc() -> datetime:
    """Read the local clock."""
    return datetime.now(UTC)
