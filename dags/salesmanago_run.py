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
    guarded, asked, resumed = tasks.guard(run), tasks.ask(), tasks.resume()
    batches = tasks.bind()
    consent = tasks.write_consent()
    written = tasks.write.expand(work=batches)
    settled = tasks.follow_up()
    committed = tasks.commit(window)
    closed = tasks.close().as_teardown(setups=run)
    # Not skipped when somebody sets the run to failed: a skipped last task would turn it green.
    told = tasks.report().as_teardown(setups=run, on_failure_fail_dagrun=True)

    parts >> planned >> guarded >> asked >> resumed
    [guarded, resumed] >> batches >> consent >> written
    # Also behind consent: when a run is cleared and plans less than before, the tasks that write may be gone.
    [consent, written] >> settled >> committed >> closed >> told
    link_to_pages(guarded, asked, batches, settled, committed, closed, told)
