"""Synchronization Information."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette import status as http
from starlette.responses import HTMLResponse, RedirectResponse

from salesmanago_sync.hooks.diagnosis import connection_faults
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import read_automatic, read_switches, switch, switched
from salesmanago_sync.overview.back_fill import read_back_fill
from salesmanago_sync.overview.checklist import read_checklist
from salesmanago_sync.overview.diagnosis import read_last_check
from salesmanago_sync.overview.mappings import read_digests
from salesmanago_sync.overview.progress import read_progress
from salesmanago_sync.overview.readiness import read_readiness
from salesmanago_sync.overview.runs import CHARTED, DIRECTIONS, RunLine, read_runs, read_waiting
from salesmanago_sync.overview.status import ActiveRun, Status, read_status
from salesmanago_sync.ui.access import MAY_EDIT, VisitorDep
from salesmanago_sync.ui.chart import run_chart
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

router = APIRouter()


@router.get("/")
def status(request: Request, visitor: VisitorDep, pair: PairDep) -> HTMLResponse:
    """Show what the sync is doing, did, and will do next, and what is missing; no service is asked."""
    with console_ports(pair) as ports:
        found = read_status(
            ports.ledger, ports.variables, read_automatic(pair), ports.now(), ports.settings, ports.still_asks
        )
        ready = read_readiness(ports, connection_faults(pair))
        filling = read_back_fill(ports)
        last, digests = read_last_check(ports.variables), read_digests(ports.settings.mappings)
    switches = read_switches(pair)
    return show(
        request,
        "status.html",
        visitor,
        status=found,
        ready=ready,
        filling=filling,
        switches=switches,
        steps=read_checklist(found, ready, last, digests, switches),
        may={"": True, "trigger": visitor.may_trigger["full"], "edit": visitor.may_edit},
        charts=[run_chart(found.runs, direction, CHARTED) for direction in DIRECTIONS],
        **_live(found),
    )


@router.post("/switch/{which}", dependencies=[Depends(MAY_EDIT), Depends(same_site)])
def switch_dag(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    which: Literal["full", "incremental", "consent"],
    on: Annotated[bool, Form()],
) -> RedirectResponse:
    """Pause or unpause a DAG, as its switch in Airflow does."""
    switch(switched(pair)[which], visitor.name, on=on)
    return RedirectResponse(f"{request.scope['root_path']}/", http.HTTP_303_SEE_OTHER)


@router.get("/live")
def live(request: Request, visitor: VisitorDep, pair: PairDep) -> HTMLResponse:
    """Show the present state alone; the page fetches it again and again."""
    with console_ports(pair) as ports:
        progress, runs = read_progress(ports.ledger, ports.now()), read_runs(ports.ledger, 1)
        waiting = read_waiting(ports.ledger, ports.now(), ports.still_asks)
    last = runs[0] if runs else None
    active = _at_work(read_automatic(pair).active, waiting)
    return show(request, "live.html", visitor, progress=progress, last=last, active=active, waiting=waiting)


def _live(found: Status) -> dict[str, Any]:
    last = found.runs[0] if found.runs else None
    active = _at_work(found.automatic.active, found.waiting)
    return {"progress": found.progress, "last": last, "active": active, "waiting": found.waiting}


def _at_work(active: Sequence[ActiveRun], waiting: Sequence[RunLine]) -> list[ActiveRun]:
    """Leave out the runs that wait for an answer: for Airflow they are running."""
    asking = {(run.dag_id, run.dag_run_id) for run in waiting}
    return [run for run in active if (run.dag_id, run.dag_run_id) not in asking]
