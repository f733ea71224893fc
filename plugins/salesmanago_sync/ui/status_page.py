"""Synchronization Information."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import read_automatic
from salesmanago_sync.overview.progress import read_progress
from salesmanago_sync.overview.runs import CHARTED, DIRECTIONS, RunLine, read_runs, read_waiting
from salesmanago_sync.overview.status import ActiveRun, Status, read_status
from salesmanago_sync.ui.access import VisitorDep
from salesmanago_sync.ui.chart import run_chart
from salesmanago_sync.ui.screens import show

router = APIRouter()


@router.get("/")
def status(request: Request, visitor: VisitorDep) -> HTMLResponse:
    """Show what the sync is doing, did, and will do next."""
    with console_ports() as ports:
        found = read_status(
            ports.ledger,
            ports.variables,
            read_automatic(),
            ports.now(),
            ports.settings.salesmanago_calls_per_day,
        )
    charts = [run_chart(found.runs, direction, CHARTED) for direction in DIRECTIONS]
    return show(request, "status.html", visitor, status=found, charts=charts, **_live(found))


@router.get("/live")
def live(request: Request, visitor: VisitorDep) -> HTMLResponse:
    """Show the present state alone; the page fetches it again and again."""
    with console_ports() as ports:
        progress, runs = read_progress(ports.ledger, ports.now()), read_runs(ports.ledger, 1)
        waiting = read_waiting(ports.ledger, ports.now())
    last = runs[0] if runs else None
    active = _at_work(read_automatic().active, waiting)
    return show(request, "live.html", visitor, progress=progress, last=last, active=active, waiting=waiting)


def _live(found: Status) -> dict[str, Any]:
    last = found.runs[0] if found.runs else None
    active = _at_work(found.automatic.active, found.waiting)
    return {"progress": found.progress, "last": last, "active": active, "waiting": found.waiting}


def _at_work(active: Sequence[ActiveRun], waiting: Sequence[RunLine]) -> list[ActiveRun]:
    """Leave out the runs that wait for an answer: for Airflow they are running."""
    asking = {(run.dag_id, run.dag_run_id) for run in waiting}
    return [run for run in active if (run.dag_id, run.dag_run_id) not in asking]
