"""Undo: started here, shown on the page Plan of its own run; nothing is written before a person has seen that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, status
from starlette.responses import HTMLResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import params_of
from salesmanago_sync.overview.runs import read_run
from salesmanago_sync.pair import Pair
from salesmanago_sync.ui.access import MAY_SEE_PEOPLE, MAY_UNDO, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show
from salesmanago_sync.ui.starting import begin_run, check_startable

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE), Depends(MAY_UNDO)])


@router.post("/undo", dependencies=[Depends(same_site)])
def look(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    run: Annotated[int, Form(ge=1)],
    field: Annotated[str, Form(max_length=80)] = "",
    record: Annotated[str, Form(max_length=80)] = "",
) -> HTMLResponse:
    """Start a dry run of an undo."""
    asked = {"run": run, "field": field, "record": record}
    return _start(request, visitor, pair, {name: value for name, value in asked.items() if value != ""}, dry=True)


@router.post("/undo/apply", dependencies=[Depends(same_site)])
def apply(request: Request, visitor: VisitorDep, pair: PairDep, shown: Annotated[int, Form(ge=1)]) -> HTMLResponse:
    """Write what a dry run of an undo has shown; what was edited since is left."""
    with console_ports(pair) as ports:
        try:
            line = read_run(ports.ledger, shown)
        except LookupError:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"The ledger knows no run {shown}.") from None
    asked = params_of(line.dag_id, line.dag_run_id) if line.mode == "undo" else {}
    if "run" not in asked:
        raise HTTPException(status.HTTP_409_CONFLICT, "Airflow no longer has the run that showed this. Look once more.")
    return _start(request, visitor, pair, {**asked, "dry_run": False, "shown": shown}, dry=False)


def _start(request: Request, visitor: VisitorDep, pair: Pair, params: dict[str, object], *, dry: bool) -> HTMLResponse:
    # Switched on without a question: it has no schedule, so that nothing else begins.
    check_startable(pair.undo, visitor, switch_on=True)
    name = begin_run(pair.undo, params, visitor)
    return show(request, "undo.html", visitor, dag_id=pair.undo, name=name, dry=dry, asked=params)
