"""Close: whatever happened, the run is added up, the lock is free and no personal data stays in staging."""

from __future__ import annotations

from salesmanago_sync.steps.commit import COMMITTED
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.totals import add_up
from salesmanago_sync.steps.watermark import first_sync, write_first_sync


def close(ports: Ports) -> None:
    """Close the run.

    Args:
        ports: What the step talks to.
    """
    run = ports.ledger.run(ports.run.id)
    planned = ports.staging.has("people.parquet")
    totals = add_up(ports) if planned else None
    done = run["state"] == COMMITTED
    note = totals["note"] if totals is not None else "The run failed before there was a plan."
    ports.ledger.finish_run(ports.run.id, "success" if done else "failed", ports.now(), totals, note)
    if not done and ports.run.mode == "full" and first_sync(ports.variables) == "running":
        write_first_sync(ports.variables, "failed", ports.now())
    if done:
        # A run that failed keeps its frames, so that its failed tasks can be cleared and go on.
        ports.staging.remove()
    ports.ledger.release(ports.run.owner)
