"""Date of the last synchronization: set by a person, after a check of what was typed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, status
from starlette.responses import HTMLResponse, RedirectResponse, Response

from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.hooks.audit import audit
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.watermark import Watermark, read_watermark
from salesmanago_sync.steps.watermark_edit import set_watermark
from salesmanago_sync.ui.access import Visitor, VisitorDep, may_set_watermark
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

router = APIRouter(prefix="/last", dependencies=[Depends(may_set_watermark)])
Typed = Annotated[str, Form(max_length=40)]


@router.get("")
def ask(request: Request, visitor: VisitorDep, pair: PairDep) -> HTMLResponse:
    """Show both times, and ask for others."""
    with console_ports(pair) as ports:
        present = read_watermark(ports.variables)
    return _form(request, visitor, present, {} if present is None else _spelled(present))


@router.post("", dependencies=[Depends(same_site)])
def change(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    salesforce: Typed,
    salesmanago: Typed,
    skip: Annotated[bool, Form()] = False,
) -> Response:
    """Set both times."""
    typed = {"salesforce": salesforce, "salesmanago": salesmanago}
    with console_ports(pair) as ports:
        present = read_watermark(ports.variables)
        try:
            made = set_watermark(ports.variables, typed, ports.now(), skip=skip)
        except ConfigurationError as error:
            return _form(request, visitor, present, typed, [str(fault) for fault in error.faults])
    times = [f"{side} {moment}Z" for side, moment in _spelled(made).items()]
    audit(pair, "set last synchronization", visitor.name, times)
    return RedirectResponse(f"{request.scope['root_path']}/", status.HTTP_303_SEE_OTHER)


def _form(
    request: Request,
    visitor: Visitor,
    present: Watermark | None,
    typed: dict[str, str],
    faults: list[str] | None = None,
) -> HTMLResponse:
    values: dict[str, Any] = {"present": present, "typed": typed, "faults": faults or []}
    return show(request, "last.html", visitor, **values)


def _spelled(watermark: Watermark) -> dict[str, str]:
    """Spell both times as the field of a form holds them: UTC, without a zone."""
    return {side: utc(getattr(watermark, side)).removesuffix("Z") for side in SIDES}
