"""Start: one run at a time, and none that could not do its work.

The number that it gets with the lock is the attempt that every other task works under, until `approval.resume` takes it
anew.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from salesmanago_sync.errors import ConfigurationError, FatalError, Fault, SyncError
from salesmanago_sync.ledger.lock import Holder
from salesmanago_sync.steps.ledger_age import check_ledger
from salesmanago_sync.steps.ports import LOCK_TTL, Ports
from salesmanago_sync.steps.reserve import why_not_now
from salesmanago_sync.steps.watermark import (
    FIRST_SYNC,
    LAST_SYNC,
    WATERMARK_EXAMPLE,
    first_sync,
    has_watermark,
    write_first_sync,
)

log = logging.getLogger(__name__)

# What the line of a run says that ended without its closing task.
FORGOTTEN = "The run ended without its last tasks: its worker died, or somebody set its state by hand."
OVERTAKEN = "OVERTAKEN"
UNANSWERED = "The run ended while it waited for an answer: nothing was written."


class NothingToDoError(SyncError):
    """The run has nothing to do, and that is no fault."""


def start(ports: Ports, waited: timedelta) -> dict[str, int] | None:
    """Take the lock and open the run.

    A scheduled run that finds the lock taken, or comes before the first full sync, has nothing to do. One started by
    hand waits for the lock.

    Args:
        ports: What the step talks to.
        waited: How long this run has been waiting for the lock.

    Returns:
        `id`, the run's number in the ledger, and `attempt`, the number it works under; None while it has to wait.

    Raises:
        NothingToDoError: It need not run; says why.
        ConfigurationError: The run cannot be done as asked.
        FatalError: The lock did not become free in time; names the run that holds it.
    """
    if ports.run.backfill:
        raise NothingToDoError(
            "A backfill has no meaning here: every run reads what changed since the last one. Delete it, and trigger "
            "salesmanago_full_sync, or salesmanago_incremental_sync with the Param since."
        )
    _end_dead_questions(ports)
    status = _status(ports)
    if ports.run.mode == "incremental" and ports.run.scheduled and status != "done":
        raise NothingToDoError(
            f"The first full sync was not done yet (it is {status}): run salesmanago_full_sync once."
        )
    _check_not_asked(ports)
    if ports.run.scheduled and (reason := why_not_now(ports)):
        raise NothingToDoError(reason)
    taken = take_lock(ports)
    if isinstance(taken, Holder):
        _wait_for(ports, taken, waited)
        return None
    try:
        return {"id": _open(ports, status, taken), "attempt": taken}
    except BaseException:
        ports.ledger.lock.free(taken)
        raise


def _end_dead_questions(ports: Ports) -> None:
    """Give runs their end that asked, and are gone, or ended by hand without their last tasks: nobody can answer."""
    waiting = ports.ledger.runs.read_waiting(ports.now())
    over = {one["id"] for one in waiting if not ports.still_asks(one["dag_id"], one["dag_run_id"])}
    # The task that asks keeps the answer before it ends: what is read after Airflow said so has it.
    for one in ports.ledger.runs.read_waiting(ports.now()) if over else ():
        if one["id"] in over and "answer" not in one["question"]:
            ports.ledger.runs.finish(one["id"], "failed", ports.now(), note=UNANSWERED)


def _check_not_asked(ports: Ports) -> None:
    """Leave a scheduled run out while an earlier one waits for an answer: it would read and plan the same again."""
    for one in ports.ledger.runs.read_waiting(ports.now()) if ports.run.scheduled else ():
        if one["mode"] == ports.run.mode and not one["restricted"]:
            raise NothingToDoError(
                f"The run {one['dag_run_id']} waits for an answer in Airflow's Required Actions. What it planned is "
                "still to be written, and would only be planned once more."
            )


def _status(ports: Ports) -> str:
    """Read how far the first full sync is; one that never closed has failed."""
    status = first_sync(ports.variables)
    at_work = ports.ledger.lock.holder(ports.now()) is not None or ports.ledger.runs.read_waiting(ports.now())
    if status == "running" and not at_work:
        write_first_sync(ports.variables, "failed", ports.now())
        return "failed"
    return status


def take_lock(ports: Ports) -> int | Holder:
    """Take the lock, also from a run of which Airflow says that it has ended."""
    run, now = ports.run, ports.now()
    taken = ports.ledger.lock.take(run.owner, now, LOCK_TTL, run.note)
    if isinstance(taken, Holder) and ports.is_over(*taken.owner.split("/", 1)):
        log.warning("The run %s has ended and did not give the lock back: it is taken over.", taken)
        return ports.ledger.lock.take(run.owner, now, LOCK_TTL, run.note, ended=taken.attempt)
    return taken


def _wait_for(ports: Ports, holder: Holder, waited: timedelta) -> None:
    if ports.run.scheduled:
        raise NothingToDoError(f"The run {holder} is still at work.")
    if waited.total_seconds() >= ports.settings.lock_wait_seconds:
        minutes = ports.settings.lock_wait_seconds // 60
        raise FatalError(f"The run {holder} holds the lock since more than {minutes} minutes. Let it finish first.")
    log.info("Waiting for the run %s to finish.", holder)


def _open(ports: Ports, status: str, attempt: int) -> int:
    request, run = ports.run.request, ports.run
    if run.mode == "audit" and (faults := audit_faults(ports, status)):
        raise ConfigurationError(faults)
    if run.mode == "incremental":
        check_ledger(ports)
        if faults := past_faults(ports, status):
            raise ConfigurationError(faults)
    elif status == "never" and not request.dry_run:
        write_first_sync(ports.variables, "running")
    before = ports.ledger.runs.find(run.dag_id, run.dag_run_id)
    number = ports.ledger.runs.start(
        run.dag_id,
        run.dag_run_id,
        run.mode,
        request.dry_run,
        True,  # until the preflight knows the enabled mappings
        ports.now(),
        {},
        attempt,
    )
    ports.ledger.runs.end_forgotten(ports.now(), FORGOTTEN, working=number)
    if before is not None and before["attempt"] != attempt - 1:
        _forget_earlier_attempt(ports, number)
    return number


def _forget_earlier_attempt(ports: Ports, number: int) -> None:
    """Drop what an earlier attempt of this run read and planned: another run has worked since."""
    dropped = ports.ledger.changes.drop_planned(number, OVERTAKEN)
    ports.staging.remove()
    log.info(
        "Another run has worked since the last attempt of this one: everything is read again, and %d changes that were "
        "planned then are dropped.",
        dropped,
    )


def past_faults(ports: Ports, status: str) -> list[Fault]:
    """Say why an incremental run would have nothing to go on from.

    Args:
        ports: What the step talks to.
        status: How far the first full sync is.
    """
    request = ports.run.request
    # A full sync that found nobody leaves no binding, but the state of its mappings.
    if status == "done" and ports.ledger.bindings.is_empty() and not ports.ledger.mapping_state.read():
        return [_no_first_sync("was done, but the ledger knows nobody: it has been lost.")]
    if has_watermark(ports.variables) or request.since is not None or request.of_people:
        return []
    if status != "done":
        return [_no_first_sync(f"was not done yet (it is {status}).")]
    return [_no_watermark()]


def audit_faults(ports: Ports, status: str) -> list[Fault]:
    """Say why an audit could not tell what is newer than the last synchronisation.

    Args:
        ports: What the step talks to.
        status: How far the first full sync is.
    """
    if status != "done":
        return [_no_first_sync(f"was not done yet (it is {status}).")]
    return [] if has_watermark(ports.variables) else [_no_watermark()]


def _no_watermark() -> Fault:
    fix = f"Write {WATERMARK_EXAMPLE}, or run salesmanago_full_sync: it makes it anew."
    return Fault(f"Variable {LAST_SYNC}", "is missing, or null: nobody knows since when.", fix)


def _no_first_sync(what: str) -> Fault:
    return Fault(f"first full sync (Variable {FIRST_SYNC})", what, "Run salesmanago_full_sync first.")
