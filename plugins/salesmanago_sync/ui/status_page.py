"""Synchronization Information."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import read_automatic
from salesmanago_sync.overview.progress import read_progress
from salesmanago_sync.overview.runs import CHARTED, DIRECTIONS, read_runs
from salesmanago_sync.overview.status import Status, read_status
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
    last = runs[0] if runs else None
    return show(request, "live.html", visitor, progress=progress, last=last, active=read_automatic().active)


def _live(found: Status) -> dict[str, Any]:
    last = found.runs[0] if found.runs else None
    return {"progress": found.progress, "last": last, "active": found.automatic.active}
