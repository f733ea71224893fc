"""Undo guard: an undo that would write more than a run may without asking is shown first, and asks.

One that was looked at before, as a dry run, does not ask: it writes only what that one has shown.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import pandas as pd

from salesmanago_sync.clients.salesmanago import CARDS_AT_ONCE
from salesmanago_sync.domain.plan.limits import added, measures
from salesmanago_sync.domain.undo.undo import at_most
from salesmanago_sync.steps.batches import request_size, up
from salesmanago_sync.steps.guard import ask, forget_question, why_it_asks
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.undoing import decide, may_be_converted_into, note_plan, run_to_undo, slices, written_by
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)


def guard_undo(ports: Ports) -> dict[str, Any] | None:
    """Hold an undo against the limits.

    Args:
        ports: What the step talks to.

    Returns:
        None where it may go on. Else the question (`guard.guard`); the lock is free then.

    Raises:
        ConfigurationError: The run cannot be undone as asked.
    """
    ports.keep_lock()
    forget_question(ports)
    number, request = run_to_undo(ports), ports.run.request
    if request.dry_run or request.shown is not None:
        return None
    written = written_by(ports, number)
    most = added(measures(at_most(written, delete_created=request.delete_created)))
    if not why_it_asks(ports, most):
        return None
    found, calls = _look(ports, written, number)
    why = why_it_asks(ports, found)
    for line in why:
        log.info("%s", visible(line))
    return ask(ports, why, found, calls) if why else None


def _look(ports: Ports, written: pd.DataFrame, number: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Plan the undo, and say what it comes to: in numbers (`limits.added`), and in requests to each service."""
    counted, calls = [measures(at_most(written[:0], delete_created=False))], Counter(salesmanago=0, salesforce=0)
    for some in slices(written):
        ports.keep_lock()
        found, reading, *_ = decide(ports, some, number)
        note_plan(ports, found.left, found.changes)
        counted.append(measures(found.changes))
        calls.update(_calls(some, found.changes))
        calls["salesforce"] += len(may_be_converted_into(reading, some))
    ports.ledger.runs.update(ports.run.id, calls_planned=dict(calls))
    return added(pd.concat(counted)), dict(calls)


def _calls(written: pd.DataFrame, changes: pd.DataFrame) -> Counter[str]:
    """Count the requests that read some people once more, and write them."""
    contacts = written.loc[written["salesmanago_id"].ne(""), "salesmanago_id"].nunique()
    calls = Counter(
        salesforce=written.loc[written["salesforce_id"].ne(""), "object"].nunique(),
        salesmanago=up(contacts, CARDS_AT_ONCE),
    )
    for (lane, direction, _), rows in changes.groupby(["lane", "direction", "object"]):
        size = request_size(str(direction), str(lane))
        calls[str(direction).removeprefix("to_")] += up(rows["person"].nunique(), size)
    return calls
