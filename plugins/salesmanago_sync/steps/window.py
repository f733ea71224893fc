"""Window: which time a run looks at, fixed before the first read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.clocks import staged_clocks
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.watermark import Watermark, read_watermark

FOUND = "watermark"
# For each side `since` and `until`, as ISO-8601 texts.
Window = dict[str, dict[str, str]]

# Before either service existed.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def fix_window(ports: Ports) -> Window:
    """Fix the window of both sides by their own clocks, as the preflight was told them.

    Args:
        ports: What the step talks to.

    Returns:
        For each side `since`, overlapping what was read before, and `until`, where late commits have settled.
    """
    ports.keep_lock()
    watermark = read_watermark(ports.variables)
    since = ports.run.request.since
    window = {}
    for side, clock in staged_clocks(ports).items():
        if since is not None:
            start = since
        elif watermark is not None:
            start = overlapping(getattr(watermark, side), ports.settings.overlap)
        else:
            start = BEGINNING
        window[side] = {"since": utc(max(start, BEGINNING)), "until": utc(clock - ports.settings.settle)}
    ports.ledger.runs.update(ports.run.id, window=window)
    # Kept as it was found, so that the last step can tell whether a person has edited it since.
    ports.staging.write_json(FOUND, None if watermark is None else watermark.model_dump(mode="json"))
    return window


def overlapping(mark: datetime, overlap: timedelta) -> datetime:
    """Begin a little before a mark, and never before anything was there."""
    return max(mark, BEGINNING + overlap) - overlap


def span_of(window: Window | None, side: str) -> tuple[datetime, datetime]:
    """Give the first and the last moment that a run looks at on one side.

    Args:
        window: What `fix_window` returned.
        side: `salesforce` or `salesmanago`.

    Raises:
        FatalError: It returned nothing: somebody marked it as done by hand.
    """
    if window is None:
        raise FatalError(
            "The task fix_window did not run, so that nobody knows which time to look at. Clear it together with its "
            "downstream tasks, or start a new run."
        )
    since, until = (datetime.fromisoformat(window[side][end]) for end in ("since", "until"))
    return since, until


def found_watermark(ports: Ports) -> Watermark | None:
    """Read the watermark as this run found it."""
    found = ports.staging.read_json(FOUND)
    return None if found is None else Watermark.model_validate(found)
