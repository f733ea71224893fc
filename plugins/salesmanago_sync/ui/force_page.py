"""Force synchronization: what it will do, and then the run itself, through Airflow's own trigger."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Request, status
from starlette.responses import HTMLResponse, RedirectResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import FULL, INCREMENTAL, is_paused, read_automatic, start_run, unpause
from salesmanago_sync.overview.runs import read_runs
from salesmanago_sync.overview.status import read_status
from salesmanago_sync.ui.access import VisitorDep, trigger_right
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.screens import show

Mode = Literal["full", "incremental"]
DAGS = {"full": FULL, "incremental": INCREMENTAL}
# Enough to find a run of each mode.
LOOKED_AT = 200

router = APIRouter(prefix="/force", dependencies=[Depends(trigger_right)])


@router.get("/{mode}")
def confirm(request: Request, visitor: VisitorDep, mode: Mode) -> HTMLResponse:
    """Show what a forced synchronisation will do, and ask."""
    with console_ports() as ports:
        found = read_status(ports.ledger, ports.variables, read_automatic(), ports.now())
        before = [run for run in read_runs(ports.ledger, LOOKED_AT) if run.mode == mode and run.state == "success"]
    return show(
        request,
        "force.html",
        visitor,
        mode=mode,
        dag_id=DAGS[mode],
        status=found,
        before=before[0] if before else None,
        paused=is_paused(DAGS[mode]),
    )


@router.post("/{mode}", dependencies=[Depends(same_site)])
def force(
    request: Request,
    visitor: VisitorDep,
    mode: Mode,
    dry_run: Annotated[bool, Form()] = False,
    switch_on: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Trigger the DAG."""
    paused = is_paused(DAGS[mode])
    if paused is None:
        raise HTTPException(status.HTTP_409_CONFLICT, f"Airflow has not read the DAG {DAGS[mode]} yet.")
    if paused and not (switch_on and visitor.may_edit):
        raise HTTPException(status.HTTP_409_CONFLICT, f"The DAG {DAGS[mode]} is paused: the run would never start.")
    if paused:
        unpause(DAGS[mode])
    start_run(DAGS[mode], {"dry_run": True} if dry_run else {}, visitor.name)
    return RedirectResponse(f"{request.scope['root_path']}/", status.HTTP_303_SEE_OTHER)
