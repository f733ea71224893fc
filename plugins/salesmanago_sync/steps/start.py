"""Start: one run at a time, and none that could not do its work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from salesmanago_sync.errors import ConfigurationError, FatalError, Fault, SyncError
from salesmanago_sync.steps.ports import LOCK_TTL, Ports
from salesmanago_sync.steps.watermark import FIRST_SYNC, first_sync, has_watermark, write_first_sync

log = logging.getLogger(__name__)


class NothingToDoError(SyncError):
    """The run has nothing to do, and that is no fault."""


POLL_SECONDS = 10.0


def start(ports: Ports, sleep: Callable[[float], None]) -> int:
    """Take the lock and open the run.

    A scheduled run that finds the lock taken, or comes before the first full sync, has nothing to do. One started by
    hand waits for the lock.

    Args:
        ports: What the step talks to.
        sleep: Waits some seconds.

    Returns:
        The run's number in the ledger.

    Raises:
        NothingToDoError: It is scheduled and need not run; says why.
        ConfigurationError: The run cannot be done as asked.
        FatalError: The lock did not become free in time; names the run that holds it.
    """
    status = first_sync(ports.variables)
    if ports.run.mode == "incremental" and ports.run.scheduled and status != "done":
        raise NothingToDoError(
            f"The first full sync was not done yet (it is {status}): run salesmanago_full_sync once."
        )
    holder = ports.ledger.acquire(ports.run.owner, ports.now(), LOCK_TTL, ports.run.note)
    if holder is not None and ports.run.scheduled:
        raise NothingToDoError(f"The run {holder} is still at work.")
    if holder is not None:
        _wait(ports, sleep)
    try:
        return _open(ports, status)
    except BaseException:
        ports.ledger.release(ports.run.owner)
        raise


def _wait(ports: Ports, sleep: Callable[[float], None]) -> None:
    waited = 0.0
    while True:
        holder = ports.ledger.acquire(ports.run.owner, ports.now(), LOCK_TTL, ports.run.note)
        if holder is None:
            return
        if waited >= ports.settings.lock_wait_seconds:
            minutes = ports.settings.lock_wait_seconds // 60
            raise FatalError(f"The run {holder} holds the lock since more than {minutes} minutes. Let it finish first.")
        log.info("Waiting for the run %s to finish.", holder)
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def _open(ports: Ports, status: str) -> int:
    request = ports.run.request
    if ports.run.mode == "incremental":
        _check_past(ports, status)
        if not has_watermark(ports.variables) and request.since is None and not request.emails:
            raise ConfigurationError([_no_first_sync(f"was not done yet (it is {status}).")])
    elif status == "never" and not request.dry_run:
        write_first_sync(ports.variables, "running")
    return ports.ledger.start_run(
        ports.run.dag_id,
        ports.run.dag_run_id,
        ports.run.mode,
        request.dry_run,
        True,  # until the preflight knows the enabled mappings
        ports.now(),
        {},
    )


def _check_past(ports: Ports, status: str) -> None:
    # A full sync that found nobody leaves no binding, but the state of its mappings.
    if status == "done" and ports.ledger.is_empty() and not ports.ledger.mapping_state():
        raise ConfigurationError([_no_first_sync("was done, but the ledger knows nobody: it has been lost.")])


def _no_first_sync(what: str) -> Fault:
    return Fault(f"first full sync (Variable {FIRST_SYNC})", what, "Run salesmanago_full_sync first.")
