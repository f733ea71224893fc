"""Schedules: the environment variables that DAG files read, and what of them cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from croniter import croniter

from salesmanago_sync.errors import Fault
from salesmanago_sync.pair import FIRST, Pair

# Each variable with its default; `none` is no schedule.
DEFAULTS = {
    "SALESMANAGO_SYNC_SCHEDULE": "*/15 * * * *",
    "SALESMANAGO_SYNC_CONSENT_SCHEDULE": "*/5 * * * *",
    "SALESMANAGO_SYNC_AUDIT_SCHEDULE": "none",
    "SALESMANAGO_SYNC_EXPORT_SCHEDULE": "@hourly",
}
# What stands in for a value that cannot be used. No run begins at a time that nobody meant; opt-outs go on travelling.
INSTEAD = DEFAULTS | {"SALESMANAGO_SYNC_SCHEDULE": "none"}
# A preset of Airflow that croniter does not know.
QUARTERLY = "@quarterly"
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
# Two of the shipped consent lane.
TWO_INTERVALS = timedelta(minutes=10)
# So many runs of a schedule show how far they are apart.
SEEN = 50


def read_schedule(variable: str, pair: Pair = FIRST) -> str | None:
    """Read a schedule: a cron expression; None where there is none.

    A value that cannot be used must not be an import error, which would take the DAG away: the doctor and the preflight
    tell it.

    Args:
        variable: The variable that says it for every pair whose file does not.
        pair: Whose schedule.
    """
    value = _given(variable, pair)
    usable = value if _is_usable(value) else INSTEAD[variable]
    return None if usable.casefold() == "none" else usable


def two_intervals(schedule: str | None) -> timedelta:
    """Say how long two intervals of a schedule usually are; ten minutes, where nobody can tell."""
    if schedule is None or schedule == QUARTERLY:
        return TWO_INTERVALS
    moments = croniter(schedule, ANY_DAY)
    begins = [moments.get_next(datetime) for _ in range(SEEN)]
    # Through the night, or at the end of the hour, one of them may be longer or shorter.
    usual: timedelta = median(later - before for before, later in pairwise(begins))
    return 2 * usual


def schedule_faults(pair: Pair = FIRST) -> Iterator[Fault]:
    """Find the schedules that cannot be used."""
    for variable, default in DEFAULTS.items():
        value = _given(variable, pair)
        if not _is_usable(value):
            what = f"{value!r} is no cron expression that ever comes; in its place stands {INSTEAD[variable]}."
            fix = f"Write five fields (minute, hour, day, month, weekday), such as {DEFAULTS[variable]}, or none."
            if default == "none":
                fix = "Write five fields (minute, hour, day, month, weekday), such as 0 3 * * 0, or none."
            yield Fault(_place(variable, pair), what, fix)


def setting_of(variable: str) -> str:
    """Give the name that a variable's setting has in the file of a pair."""
    return variable.removeprefix("SALESMANAGO_SYNC_").lower()


def _given(variable: str, pair: Pair) -> str:
    value: Any = pair.settings.get(setting_of(variable), os.environ.get(variable, DEFAULTS[variable]))
    return "none" if value is None else str(value).strip()


def _place(variable: str, pair: Pair) -> str:
    name = setting_of(variable)
    return f"{pair.file} settings.{name}" if name in pair.settings else variable


def _is_usable(value: str) -> bool:
    if value.casefold() in ("none", QUARTERLY):
        return True
    try:
        croniter(value, ANY_DAY).get_next()
    except (ValueError, TypeError, KeyError):  # its own errors are ValueErrors
        return False
    return True
