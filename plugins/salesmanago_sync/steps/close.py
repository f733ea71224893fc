"""Close: whatever happened, the run has its true end, the lock is free and no personal data stays in staging."""

from __future__ import annotations

import logging
from typing import Any

from salesmanago_sync.errors import FatalError, SyncError
from salesmanago_sync.ledger.runs import ASKS
from salesmanago_sync.steps.approval import REJECTED, answered, under_last_attempt, words_of
from salesmanago_sync.steps.commit import COMMITTED
from salesmanago_sync.steps.ledger_age import note_writes
from salesmanago_sync.steps.long_list import abandon_lists
from salesmanago_sync.steps.parts import is_planned
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.totals import add_up
from salesmanago_sync.steps.watermark import first_sync, write_first_sync

log = logging.getLogger(__name__)

NO_PLAN = "The run failed before there was a plan."


def close(ports: Ports) -> None:
    """Close the attempt; nothing that is missing keeps the lock.

    An attempt that is no longer the current one was closed already, or by whoever took its place.

    Args:
        ports: What the step talks to.
    """
    try:
        ports = under_last_attempt(ports)
    except FatalError as error:
        # There is nothing here to close; the task report says it once more, and is red.
        log.warning("%s", error)
        return
    if asks(ports):
        end_question(ports)
        return
    if not ports.ledger.lock.is_current(ports.run.attempt):
        log.info("Attempt %d of this run has ended before.", ports.run.attempt)
        return
    try:
        _end(ports)
    finally:
        ports.ledger.lock.free(ports.run.attempt)


def asks(ports: Ports) -> bool:
    """Tell whether the run holds no lock because it asked, and was not approved."""
    run = ports.line()
    return run["attempt"] == ports.run.attempt and run["state"] in (ASKS, REJECTED)


def end_question(ports: Ports) -> None:
    """End a run whose question was not approved, or is still open."""
    run = ports.line()
    totals, _ = _totals(ports)
    state = REJECTED if run["state"] == REJECTED else "failed"
    note = words_of(answered(ports), run["question"])
    ports.ledger.runs.finish(ports.run.id, state, ports.now(), totals and {**totals, "note": note}, note)
    if ports.run.mode == "full" and first_sync(ports.variables) == "running":
        write_first_sync(ports.variables, "never")
    if state == REJECTED:
        ports.staging.remove()


def _end(ports: Ports) -> None:
    done = ports.line()["state"] == COMMITTED
    totals, note = _totals(ports)
    ports.ledger.runs.finish(ports.run.id, "success" if done else "failed", ports.now(), totals, note)
    _end_first_sync(ports, done)
    if not done:
        # What is remembered of the org may be why it failed.
        ports.ledger.org_answers.drop()
        abandon_lists(ports)
    if done:
        # A run that failed keeps its frames, so that its failed tasks can be cleared and go on.
        ports.staging.remove()
    note_writes(ports)


def _end_first_sync(ports: Ports, done: bool) -> None:
    if ports.run.mode != "full" or ports.run.request.dry_run or first_sync(ports.variables) != "running":
        return
    if done:
        # Of a part of it, as after an approval of some objects, nothing failed; the whole is still to come.
        write_first_sync(ports.variables, "never")
    else:
        write_first_sync(ports.variables, "failed", ports.now())


def _totals(ports: Ports) -> tuple[dict[str, Any] | None, str]:
    if not is_planned(ports):
        return None, NO_PLAN
    try:
        totals = add_up(ports)
    except (SyncError, OSError, ValueError) as error:
        # What was staged may be half there, as on a full disk.
        log.warning("The run could not be added up: %s", type(error).__name__)
        return None, "The run could not be added up: what it had staged is not whole."
    return totals, str(totals["note"])
