"""Probe: what the account does where its documentation is silent; asked by a run of the DAG `salesmanago_probe`."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.schedule import is_paused, is_under_way
from salesmanago_sync.overview.probe import planned
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.probe.probing import BEFORE
from salesmanago_sync.steps.probe.telling import CALLS, CONTACTS
from salesmanago_sync.ui.access import MAY_PROBE, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show
from salesmanago_sync.ui.starting import begin_run, check_startable

router = APIRouter(dependencies=[Depends(MAY_PROBE)])
UNDER_WAY = "A probe is under way already. Its answers are on the page Probe as they come."
UNSURE = "Tick that the rules of SALESmanago which would react are paused, or harmless. Nothing was started."


@router.get("/probe")
def look(
    request: Request, visitor: VisitorDep, pair: PairDep, started: Annotated[str, Query(max_length=250)] = ""
) -> HTMLResponse:
    """Show every question with what is known, and what asking would do; no service is asked."""
    return show(
        request,
        "probe.html",
        visitor,
        **_known(pair),
        before=BEFORE,
        contacts=CONTACTS,
        calls=CALLS,
        started=started,
        dag_id=pair.probe,
        paused=is_paused(pair.probe),
        under_way=is_under_way(pair.probe),
    )


def _known(pair: Pair) -> dict[str, Any]:
    """Read what the ledger knows of the account; nothing where the connection does not say which one it is."""
    with console_ports(pair) as ports:
        settings = {"domain": ports.settings.probe_domain, "days": ports.settings.probe_days}
        try:
            account = ports.salesmanago.account
        except ConfigurationError as error:
            rows = planned([], ports.now(), ports.settings.probe_days)
            return {**settings, "rows": rows, "left": 0, "faults": [str(fault) for fault in error.faults]}
        answers = ports.ledger.probe_answers.read(account)
        rows = planned(answers, ports.now(), ports.settings.probe_days)
        return {**settings, "rows": rows, "left": len(ports.ledger.probe_contacts.list_left(account)), "faults": []}


@router.post("/probe", dependencies=[Depends(same_site)])
def start(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    do: Annotated[Literal["ask", "remove"], Form()],
    sure: Annotated[bool, Form()] = False,
    switch_on: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Start a run that asks, or one that removes what earlier ones left."""
    if do == "ask" and not sure:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, UNSURE)
    if is_under_way(pair.probe):
        raise HTTPException(status.HTTP_409_CONFLICT, UNDER_WAY)
    check_startable(pair.probe, visitor, switch_on=switch_on)
    params = {"check_only": False, **({"remove_only": True} if do == "remove" else {})}
    name = begin_run(pair.probe, params, visitor)
    where = f"{request.scope['root_path']}/probe?{urlencode({'started': name})}"
    return RedirectResponse(where, status.HTTP_303_SEE_OTHER)
