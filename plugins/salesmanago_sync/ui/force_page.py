"""Force synchronization: what it will do, and then the run itself, through Airflow's own trigger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse

from salesmanago_sync.actions.rows import Words
from salesmanago_sync.hooks.diagnosis import connection_faults
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import is_paused, read_automatic, switched
from salesmanago_sync.overview.back_fill import check_fields, foretell, read_back_fill
from salesmanago_sync.overview.readiness import read_readiness
from salesmanago_sync.overview.runs import read_runs
from salesmanago_sync.overview.status import read_status
from salesmanago_sync.ui.access import VisitorDep, trigger_right
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show
from salesmanago_sync.ui.starting import begin_run, check_hopeful, check_startable

Mode = Literal["full", "incremental"]
# So many people are written first where a person ticks the box; the trigger form of Airflow takes any number.
CANARY = 100
# As many as a mapping may have lines, and more.
MOST_FIELDS = 1000
# Enough to find a run of each mode.
LOOKED_AT = 200

router = APIRouter(prefix="/force", dependencies=[Depends(trigger_right)])


@router.get("/{mode}")
def confirm(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    mode: Mode,
    dry: bool = False,
    fields: Annotated[tuple[Words, ...], Query(max_length=MOST_FIELDS)] = (),
) -> HTMLResponse:
    """Show what a forced synchronisation will do, and ask; where it could only fail, say why."""
    dag_id = switched(pair)[mode]
    with console_ports(pair) as ports:
        found = read_status(ports.ledger, ports.variables, read_automatic(pair), ports.now(), ports.settings)
        ready = read_readiness(ports, connection_faults(pair))
        wrong = check_fields(ports, mode, fields) if fields else ()
        filling, calls = read_back_fill(ports), foretell(ports, fields) if fields and not wrong else {}
        before = [run for run in read_runs(ports.ledger, LOOKED_AT) if run.mode == mode and run.state == "success"]
    return show(
        request,
        "force.html",
        visitor,
        mode=mode,
        dag_id=dag_id,
        status=found,
        ready=ready,
        obstacles=tuple(dict.fromkeys((*ready.obstacles(mode), *wrong))),
        filling=filling,
        fields=() if wrong else fields,
        calls=calls,
        dry=dry,
        before=before[0] if before else None,
        paused=is_paused(dag_id),
        canary=CANARY,
    )


@router.post("/{mode}", dependencies=[Depends(same_site)])
def force(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    mode: Mode,
    dry_run: Annotated[bool, Form()] = False,
    canary: Annotated[bool, Form()] = False,
    switch_on: Annotated[bool, Form()] = False,
    fields: Annotated[tuple[Words, ...], Form(max_length=MOST_FIELDS)] = (),
) -> RedirectResponse:
    """Trigger the DAG."""
    dag_id = switched(pair)[mode]
    check_startable(dag_id, visitor, switch_on=switch_on)
    with console_ports(pair) as ports:
        wrong = check_fields(ports, mode, fields) if fields else ()
        obstacles = tuple(dict.fromkeys((*read_readiness(ports, connection_faults(pair)).obstacles(mode), *wrong)))
    check_hopeful(obstacles)
    params: dict[str, Any] = {"dry_run": True} if dry_run else {"canary": CANARY} if canary else {}
    begin_run(dag_id, {**params, "fields": list(fields)} if fields else params, visitor)
    return RedirectResponse(f"{request.scope['root_path']}/", status.HTTP_303_SEE_OTHER)
