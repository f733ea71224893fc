"""The run of both syncs: its tasks, in the order in which they work."""

from __future__ import annotations

import salesmanago_tasks as tasks
from salesmanago_links import link_to_pages


def wire() -> None:
    """Wire the tasks of a run."""
    run = tasks.start()
    objects = tasks.preflight(run)
    window = tasks.fix_window(run)
    records = tasks.extract_salesforce.partial(run=run, window=window).expand(name=objects)
    contacts = tasks.extract_salesmanago(run, window)
    counterparts = tasks.gather_counterparts(run)
    parts = tasks.match(run)
    planned = tasks.plan.partial(run=run).expand(part=parts)
    batches = tasks.bind(run)
    consent = tasks.write_consent(run)
    written = tasks.write.partial(run=run).expand(work=batches)
    settled = tasks.follow_up()
    committed = tasks.commit(window)
    closed = tasks.close(run).as_teardown(setups=run)
    # Not skipped when somebody sets the run to failed: a skipped last task would turn it green.
    told = tasks.report(run).as_teardown(setups=run, on_failure_fail_dagrun=True)

    objects >> window >> [records, contacts] >> counterparts >> parts >> planned >> batches >> consent >> written
    # Also behind consent: when a run is cleared and plans less than before, the tasks that write may be gone.
    [consent, written] >> settled >> committed >> closed >> told
    link_to_pages(batches, settled, committed, closed, told)
