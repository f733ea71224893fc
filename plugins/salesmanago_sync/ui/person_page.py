"""One person synchronised now: from Explain, or from an issue; an Instant run that looks at nobody else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse

from salesmanago_sync.actions.start import SyncQuestion, check_sync, refuse_hopeless, start_sync
from salesmanago_sync.hooks.dag_runs import Asker
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import is_paused
from salesmanago_sync.ui.access import MAY_SEE_PEOPLE, MAY_TRIGGER, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

RIGHTS = [Depends(MAY_SEE_PEOPLE), Depends(MAY_TRIGGER["incremental"])]
router = APIRouter(dependencies=[*RIGHTS, Depends(same_site)])


@router.post("/person")
def sync_person(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    person: Annotated[list[str], Form(max_length=2)],
    switch_on: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Start a run for the person of these ids; where the DAG is paused, ask first whether to switch it on."""
    asked = SyncQuestion.read(ids=person, unpause=switch_on)
    check_sync(asked)
    with console_ports(pair) as ports:
        refuse_hopeless(ports, asked)
    if is_paused(pair.incremental_sync) and visitor.may_edit and not switch_on:
        return show(request, "person.html", visitor, person=person, dag_id=pair.incremental_sync, run=None)
    [run] = start_sync(pair, asked, Asker(visitor.name, "ui", may_switch_on=visitor.may_edit)).rows
    return show(request, "person.html", visitor, person=person, dag_id=pair.incremental_sync, run=run)
