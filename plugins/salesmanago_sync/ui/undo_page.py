"""Undo: started here, shown on the page Plan of its own run; nothing is written before a person has seen that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, status
from starlette.responses import HTMLResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import UNDO, is_paused, params_of, start_run, unpause
from salesmanago_sync.overview.runs import read_run
from salesmanago_sync.ui.access import MAY_SEE_PEOPLE, MAY_UNDO, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.screens import show

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE), Depends(MAY_UNDO)])


@router.post("/undo", dependencies=[Depends(same_site)])
def look(
    request: Request,
    visitor: VisitorDep,
    run: Annotated[int, Form(ge=1)],
    field: Annotated[str, Form(max_length=80)] = "",
    record: Annotated[str, Form(max_length=80)] = "",
) -> HTMLResponse:
    """Start a dry run of an undo."""
    asked = {"run": run, "field": field, "record": record}
    return _start(request, visitor, {name: value for name, value in asked.items() if value != ""}, dry=True)


@router.post("/undo/apply", dependencies=[Depends(same_site)])
def apply(request: Request, visitor: VisitorDep, shown: Annotated[int, Form(ge=1)]) -> HTMLResponse:
    """Write what a dry run of an undo has shown; what was edited since is left."""
    with console_ports() as ports:
        try:
            line = read_run(ports.ledger, shown)
        except LookupError:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"The ledger knows no run {shown}.") from None
    asked = params_of(line.dag_id, line.dag_run_id) if line.mode == "undo" else {}
    if "run" not in asked:
        raise HTTPException(status.HTTP_409_CONFLICT, "Airflow no longer has the run that showed this. Look once more.")
    return _start(request, visitor, {**asked, "dry_run": False}, dry=False)


def _start(request: Request, visitor: VisitorDep, params: dict[str, object], *, dry: bool) -> HTMLResponse:
    paused = is_paused(UNDO)
    if paused is None:
        raise HTTPException(status.HTTP_409_CONFLICT, f"Airflow has not read the DAG {UNDO} yet.")
    if paused and not visitor.may_edit:
        raise HTTPException(status.HTTP_409_CONFLICT, f"The DAG {UNDO} is paused: the run would never start.")
    if paused:
        # It has no schedule: nothing else begins.
        unpause(UNDO)
    name = start_run(UNDO, params, visitor.name)
    return show(request, "undo.html", visitor, dag_id=UNDO, name=name, dry=dry, asked=params)
