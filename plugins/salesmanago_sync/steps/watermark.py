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
# Up to when the consent lane has looked by itself.
LAST_CONSENT = "salesmanago_last_consent"
FIRST_SYNC = "salesmanago_first_sync"
WATERMARK_EXAMPLE = '{"salesforce": "2026-01-31T10:00:00Z", "salesmanago": "2026-01-31T10:00:00Z"}'
STATUSES = ("never", "running", "done", "failed")
Span = tuple[AwareDatetime, AwareDatetime]


class KnownLedger(BaseModel):
    """Which ledger the last run used.

    Attributes:
        id: Its name.
        attempt: The number that the run worked under.
        wrote: The spans of time, by SALESmanago's clock, in which contacts were written since the watermark: without
            the ledger, such a write looks like a person's edit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    attempt: int
    wrote: tuple[Span, ...] = ()


class Watermark(BaseModel):
    """Up to when each side was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salesforce: AwareDatetime
    salesmanago: AwareDatetime
    ledger: KnownLedger | None = None

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
    return read_mark(variables, LAST_SYNC)


def read_mark(variables: Variables, name: str) -> Watermark | None:
    """Read the times of both sides that a Variable holds; None where there is none.

    Raises:
        ConfigurationError: It cannot be read.
    """
    value = _read(variables, name)
    if value is None:
        return None
    try:
        return Watermark.model_validate(value)
    except ValidationError:
        fault = Fault(f"Variable {name}", "cannot be read.", f"Write {WATERMARK_EXAMPLE}.")
        raise ConfigurationError([fault]) from None


def late_faults(watermark: Watermark | None, clocks: Mapping[str, datetime], variable: str = LAST_SYNC) -> list[Fault]:
    """Find the sides whose watermark lies after the service's own clock: changes before it would be skipped.

    Args:
        watermark: The watermark.
        clocks: The clock of each side.
        variable: Where it is kept.
    """
    if watermark is None:
        return []
    late = [side for side, clock in clocks.items() if getattr(watermark, side) > clock]
    return [
        Fault(f"Variable {variable}, {side}", "is later than the service's clock.", "Set an earlier time.")
        for side in late
    ]


def known_ledger(variables: Variables, name: str = LAST_SYNC) -> KnownLedger | None:
    """Read which ledger a Variable tells of; None where nobody knows, or somebody else tells a fault of it."""
    try:
        mark = read_mark(variables, name)
    except ConfigurationError:
        return None
    return None if mark is None else mark.ledger


def move_watermark(variables: Variables, before: Watermark | None, until: Watermark) -> None:
    """Move the watermark, forward only.

    Args:
        variables: Airflow Variables.
        before: The watermark as the run found it; if another one stands there now, a person has set it meanwhile, and
            it stays.
        until: Up to when the run looked at everything, and the ledger that it used.
    """
    present = read_watermark(variables)
    edited = present is not None and (before is None or _times(present) != _times(before))
    if edited or present is None:
        times = until if present is None else present
    else:
        times = Watermark(
            salesforce=max(present.salesforce, until.salesforce),
            salesmanago=max(present.salesmanago, until.salesmanago),
        )
    write_watermark(variables, times, until.ledger)


def note_ledger(variables: Variables, ledger: KnownLedger) -> None:
    """Note which ledger a run used that does not move the watermark; without a watermark there is nothing to note."""
    present = read_watermark(variables)
    if present is not None:
        write_watermark(variables, present, ledger)


def _times(watermark: Watermark) -> tuple[datetime, datetime]:
    return watermark.salesforce, watermark.salesmanago


def write_watermark(variables: Variables, times: Watermark, ledger: KnownLedger | None, name: str = LAST_SYNC) -> None:
    """Write the watermark, or the mark of the consent lane.

    Args:
        variables: Airflow Variables.
        times: Up to when each side was read.
        ledger: Which ledger knows that.
        name: Where it is kept.
    """
    noted = {} if ledger is None else {"ledger": ledger.model_dump(mode="json", exclude_defaults=True)}
    variables.set(name, {"salesforce": utc(times.salesforce), "salesmanago": utc(times.salesmanago), **noted})


def first_sync(variables: Variables) -> str:
    """Say how far the first full sync is: never, running, done or failed.

    Raises:
        ConfigurationError: The Variable cannot be read.
    """
    return read_first_sync(variables).status


def read_first_sync(variables: Variables) -> FirstSync:
    """Read how far the first full sync is, and when it ended.

    Raises:
        ConfigurationError: The Variable holds no JSON, or something else than a status.
    """
    value = _read(variables, FIRST_SYNC)
    if value is None:
        return FirstSync("never", None)
    status = value.get("status") if isinstance(value, dict) else None
    if status not in STATUSES:
        example = '{"status": "done", "finished_at": null}'
        fix = (
            f"Write {example}; the status is one of {', '.join(STATUSES)}. Or delete it, and run salesmanago_full_sync."
        )
        raise ConfigurationError([Fault(f"Variable {FIRST_SYNC}", "holds no known status.", fix)])
    try:
        ended = datetime.fromisoformat(str(value.get("finished_at")))
    except ValueError:
        ended = None
    return FirstSync(status, ended)


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
