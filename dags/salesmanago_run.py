"""The run of both syncs: its tasks, in the order in which they work."""

from __future__ import annotations

from typing import Any

import salesmanago_tasks as tasks
from salesmanago_links import link_to_pages


def wire_reading(run: Any) -> tuple[Any, Any]:
    """Wire what reads both sides and shares people out.

    Args:
        run: What the task start hands on.

    Returns:
        The window, and the parts.
    """
    objects = tasks.preflight(run)
    window = tasks.fix_window(run)
    records = tasks.extract_salesforce.partial(run=run, window=window).expand(name=objects)
    slices = tasks.extract_salesmanago(run, window)
    cards = tasks.extract_contacts.partial(run=run).expand(slices=slices)
    counterparts = tasks.gather_counterparts()
    parts = tasks.match(run)
    objects >> window >> [records, slices]
    [records, cards] >> counterparts >> parts
    return window, parts


def wire() -> None:
    """Wire the tasks of a run."""
    run = tasks.start()
    window, parts = wire_reading(run)
    planned = tasks.plan.partial(run=run).expand(part=parts)
    batches = tasks.bind(run)
    consent = tasks.write_consent(run)
    written = tasks.write.partial(run=run).expand(work=batches)
    settled = tasks.follow_up()
    committed = tasks.commit(window)
    closed = tasks.close(run).as_teardown(setups=run)
    # Not skipped when somebody sets the run to failed: a skipped last task would turn it green.
    told = tasks.report(run).as_teardown(setups=run, on_failure_fail_dagrun=True)

    parts >> planned >> batches >> consent >> written
    # Also behind consent: when a run is cleared and plans less than before, the tasks that write may be gone.
    [consent, written] >> settled >> committed >> closed >> told
    link_to_pages(batches, settled, committed, closed, told)
