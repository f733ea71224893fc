"""Watermarks: up to when each side was synchronised, and whether the first full sync was ever done.

Kept in Airflow Variables, so that a person may look at them and set the watermark back to re-read from an earlier time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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


def read_watermark(variables: Variables, now: datetime) -> Watermark | None:
    """Read the watermark.

    Args:
        variables: Airflow Variables.
        now: The clock; a watermark after it would skip changes.

    Returns:
        None where nothing was synchronised yet.

    Raises:
        ConfigurationError: The Variable cannot be read, or lies in the future.
    """
    value = _read(variables, LAST_SYNC)
    if value is None:
        return None
    example = '{"salesforce": "2026-01-31T10:00:00Z", "salesmanago": "2026-01-31T10:00:00Z"}'
    try:
        watermark = Watermark.model_validate(value)
    except ValidationError:
        raise ConfigurationError([Fault(f"Variable {LAST_SYNC}", "cannot be read.", f"Write {example}.")]) from None
    late = [side for side in ("salesforce", "salesmanago") if getattr(watermark, side) > now]
    if late:
        faults = [Fault(f"Variable {LAST_SYNC}, {side}", "is later than now.", "Set an earlier time.") for side in late]
        raise ConfigurationError(faults)
    return watermark


def write_watermark(variables: Variables, salesforce: datetime, salesmanago: datetime) -> None:
    """Move the watermark."""
    variables.set(LAST_SYNC, {"salesforce": utc(salesforce), "salesmanago": utc(salesmanago)})


def first_sync(variables: Variables) -> str:
    """Say how far the first full sync is: never, running, done or failed."""
    value = _read(variables, FIRST_SYNC)
    status = value.get("status") if isinstance(value, dict) else None
    return status if status in ("never", "running", "done", "failed") else "never"


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
