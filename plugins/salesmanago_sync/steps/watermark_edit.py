"""An edit of the watermark: what a person typed, checked before it is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.steps.ports import Variables
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.watermark import LAST_SYNC, Watermark, read_watermark, write_watermark
from salesmanago_sync.steps.window import BEGINNING


def set_watermark(variables: Variables, typed: Mapping[str, str], now: datetime, *, skip: bool) -> Watermark:
    """Set the times from which the next incremental run reads.

    Args:
        variables: Airflow Variables.
        typed: For each side a time in ISO 8601; without a time zone it is UTC.
        now: The time.
        skip: Whether a time may be later than the present one, so that what changed in between is left out.

    Returns:
        The watermark as it is now.

    Raises:
        ConfigurationError: With everything that is wrong with what was typed.
    """
    present = read_watermark(variables)
    if present is None:
        fix = "Run salesmanago_full_sync: it sets it."
        raise ConfigurationError([Fault(f"Variable {LAST_SYNC}", "is not there yet.", fix)])
    times = {side: _moment(typed[side]) for side in SIDES}
    faults = [fault for side in SIDES for fault in _faults(side, times[side], getattr(present, side), now, skip=skip)]
    if faults:
        raise ConfigurationError(faults)
    made = Watermark.model_validate({**times, "ledger": present.ledger})
    write_watermark(variables, made, made.ledger)
    return made


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # a time zone may lead out of the calendar
        return None


def _faults(side: str, moment: datetime | None, present: datetime, now: datetime, *, skip: bool) -> Iterator[Fault]:
    where = f"Last synchronization, {side}"
    if moment is None:
        yield Fault(where, "is no time.", "Write it as 2026-01-31T12:00:00, in UTC.")
    elif moment < BEGINNING:
        yield Fault(where, "is before either service existed.", f"Write a time from {utc(BEGINNING)} on.")
    elif moment > now:
        yield Fault(where, "is in the future: changes before it would be left out.", f"Now it is {utc(now)}.")
    elif moment > present and not skip:
        what = f"is later than {utc(present)}, up to which everything was read."
        yield Fault(where, what, "Tick that what changed in between is left out, or write an earlier time.")
