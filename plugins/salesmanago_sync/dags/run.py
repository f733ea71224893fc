"""The run of both syncs: its tasks, in the order in which they work."""

from __future__ import annotations

from typing import Any

from salesmanago_sync.dags import tasks
from salesmanago_sync.dags.links import link_to_pages
from salesmanago_sync.pair import Pair


def wire_reading(run: Any) -> tuple[Any, Any]:
    """Wire what reads both sides and shares people out.

    Args:
        run: What the task start hands on.

    Returns:
        The window, and the parts.
    """
    objects = tasks.preflight(run)
    window: Any = tasks.fix_window(run)
    records = tasks.extract_salesforce.partial(run=run, window=window).expand(name=objects)
    slices = tasks.extract_salesmanago(run, window)
    cards = tasks.extract_contacts.partial(run=run).expand(slices=slices)
    counterparts = tasks.gather_counterparts()
    parts = tasks.match(run)
    objects >> window >> [records, slices]
    [records, cards] >> counterparts >> parts
    return window, parts


def wire(pair: Pair) -> None:
    """Wire the tasks of a run.

    Args:
        pair: Whose run it is.
    """
    run = tasks.start()
    window, parts = wire_reading(run)
    planned = tasks.plan.partial(run=run).expand(part=parts)
    guarded, asked, resumed = tasks.guard(run), tasks.ask(pair), tasks.resume()
    batches = tasks.bind()
    consent = tasks.write_consent()
    first = tasks.canary()
    written = tasks.write.expand(work=batches)
    settled = tasks.follow_up()
    committed = tasks.commit(window)
    closed = tasks.close().as_teardown(setups=run)
    # Not skipped when somebody sets the run to failed: a skipped last task would turn it green.
    told = tasks.report().as_teardown(setups=run, on_failure_fail_dagrun=True)

    parts >> planned >> guarded >> asked >> resumed
    [guarded, resumed] >> batches >> consent >> first
    [consent, first] >> written
    # Also behind consent: when a run is cleared and plans less than before, the tasks that write may be gone.
    [consent, written] >> settled >> committed >> closed >> told
    link_to_pages(guarded, asked, batches, settled, committed, closed, told)
