"""What is imitated of Airflow, held against Airflow: the states of every task, and of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.integration.conftest import opened
from tests.integration.sync import Done, Sync
from tests.integration.walk import Walked
from tests.twin_server import TwinServer


def story(sync: Sync) -> Iterator[Done]:
    """Runs of every kind of end: skipped, dry, red report, green, failed in the middle and at the beginning."""
    sync.map("lead")
    yield sync.incremental(scheduled=True)
    sync.lead(Email="a@example.com")
    sync.lead(Email=None)
    yield sync.full(dry_run=True)
    yield sync.full()
    yield sync.incremental()
    sync.contact("b@example.com", name="Ewa Nowa", state="PROSPECT")
    sync.fault("salesforce", "status", "composite/sobjects", method="POST", status=401, times=9)
    yield sync.incremental()
    sync.disconnect("salesmanago_default")
    yield sync.incremental()


def test_a_walk_ends_as_a_run_in_airflow_does(
    airflow: None, twin: TwinServer, tmp_path: Path, read_log: Callable[[], str]
) -> None:
    ends = {}
    for kind in (Walked, Sync):
        twin.control.post("/reset")
        folder = tmp_path / kind.__name__
        folder.mkdir()
        with opened(twin, f"sqlite:///{folder / 'ledger.db'}", folder, kind) as sync:
            sync.read_log = read_log
            ends[kind] = [(run.state, run.tasks) for run in story(sync)]
    assert ends[Walked] == ends[Sync]
    states = {state for _, tasks in ends[Sync] for state in tasks.values()}
    assert states == {"success", "failed", "skipped", "upstream_failed"}, "each of them was met"
