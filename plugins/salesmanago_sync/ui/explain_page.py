"""Explain: one e-mail address or id in, the whole story out. By POST: addresses of pages end up in logs."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from salesmanago_sync.actions.people import left_elsewhere
from salesmanago_sync.domain.explain.explanation import as_json
from salesmanago_sync.domain.explain.past import as_json as past_as_json
from salesmanago_sync.domain.explain.past import read_moment
from salesmanago_sync.errors import RetriableError, SyncError
from salesmanago_sync.hooks.audit import audit
from salesmanago_sync.hooks.ports import account, console_ports, staging_root
from salesmanago_sync.hooks.staging import clear
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.explaining import explain_person
from salesmanago_sync.steps.forgetting import find_people
from salesmanago_sync.steps.forgetting import forget as step
from salesmanago_sync.steps.recalling import recall_person
from salesmanago_sync.ui.access import MAY_FORGET, MAY_SEE_PEOPLE, Visitor, VisitorDep
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

# What the page shows when nothing was found out.
NOTHING: dict[str, Any] = {"explanation": None, "past": None, "at": "", "fault": ""}

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)])


@router.get("/explain")
def ask(request: Request, visitor: VisitorDep) -> HTMLResponse:
    """Ask for an address or an id."""
    return show(request, "explain.html", visitor, asked="", **NOTHING)


@router.post("/forget", dependencies=[Depends(MAY_FORGET), Depends(same_site)])
def forget(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    ids: Annotated[list[str], Form(max_length=500)],
    confirmed: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Show what the sync keeps of a person, and after a confirmation wipe it."""
    with console_ports(pair) as ports:
        if not confirmed:
            return show(request, "forget.html", visitor, ids=ids, found=find_people(ports, ids), left=[], done=False)
        found = step(ports, ids, visitor.name, lambda: clear(staging_root(pair, ports.settings)))
        known = sorted(found.ids.salesforce | found.ids.salesmanago)
        audit(pair, "forget", visitor.name, known)
        left = left_elsewhere(ports, [*ids, *known])
    return show(request, "forget.html", visitor, ids=ids, found=found, left=left, done=True)


@router.post("/explain", dependencies=[Depends(same_site)])
def explain(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    asked: Annotated[str, Form(max_length=320)] = "",
    as_file: Annotated[bool, Form()] = False,
    at: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Tell the whole story, on the page or as a file; or what was on a day of the past."""
    if at:
        return _recall(request, visitor, pair, asked, at, as_file=as_file)
    try:
        with asking_ports(pair) as ports:
            found = explain_person(ports, asked.strip(), partial(account, pair))
    except RetriableError:
        raise
    except SyncError as error:
        return show(
            request, "explain.html", visitor, asked=asked, **NOTHING | {"fault": f"{error} {error.words}".rstrip()}
        )
    if as_file:
        return JSONResponse(as_json(found), headers={"Content-Disposition": 'attachment; filename="explanation.json"'})
    return show(request, "explain.html", visitor, asked=asked, **NOTHING | {"explanation": found})


def _recall(request: Request, visitor: Visitor, pair: Pair, asked: str, at: str, *, as_file: bool) -> Response:
    """Tell what both sides held at a moment, from the ledger."""
    try:
        with console_ports(pair) as ports:
            found = recall_person(ports, asked.strip(), read_moment(at))
    except RetriableError:
        raise
    except SyncError as error:
        return show(request, "explain.html", visitor, asked=asked, **NOTHING | {"at": at, "fault": str(error)})
    if as_file:
        return JSONResponse(past_as_json(found), headers={"Content-Disposition": 'attachment; filename="past.json"'})
    return show(request, "explain.html", visitor, asked=asked, **NOTHING | {"at": at, "past": found})
