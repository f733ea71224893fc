"""Certificate: what the newest audit found, and the files of every audit."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse, Response

from salesmanago_sync.actions.start import obstacles_of_audit
from salesmanago_sync.errors import Fault
from salesmanago_sync.hooks.certificates import Certificates
from salesmanago_sync.hooks.ports import certificates_root, console_ports
from salesmanago_sync.hooks.schedule import is_paused, read_active
from salesmanago_sync.pair import Pair
from salesmanago_sync.settings import load_settings
from salesmanago_sync.ui.access import MAY_AUDIT, MAY_SEE_PEOPLE, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show
from salesmanago_sync.ui.starting import begin_run, check_hopeful, check_startable

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)])
MEDIA = {"json": "application/json", "html": "text/html"}
OFFERED = 50


@router.get("/certificate")
def certificate(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    name: Annotated[str, Query(max_length=80)] = "",
) -> HTMLResponse:
    """Show a certificate, or the newest one."""
    kept = Certificates(certificates_root(pair, load_settings(pair)))
    names = kept.names()[:OFFERED]
    chosen = name or (names[0] if names else "")
    found = json.loads(_read(kept, chosen, "json")) if chosen else None
    return show(
        request,
        "certificate.html",
        visitor,
        names=names,
        name=chosen,
        certificate=found,
        moments=_moments(found),
        working=read_active((pair.audit,)),
        obstacles=_obstacles(pair),
        dag_id=pair.audit,
        paused=is_paused(pair.audit),
    )


@router.get("/certificate/{name}.{ending}")
def file(pair: PairDep, name: str, ending: Literal["json", "html"]) -> Response:
    """Send a file of a certificate."""
    content = _read(Certificates(certificates_root(pair, load_settings(pair))), name, ending)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(content, media_type=MEDIA[ending], headers=headers)


@router.post("/certificate", dependencies=[Depends(MAY_AUDIT), Depends(same_site)])
def audit(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    repair: Annotated[bool, Form()] = False,
    switch_on: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Start an audit."""
    check_startable(pair.audit, visitor, switch_on=switch_on)
    check_hopeful(_obstacles(pair))
    begin_run(pair.audit, {"repair": True} if repair else {}, visitor)
    return RedirectResponse(f"{request.scope['root_path']}/certificate", status.HTTP_303_SEE_OTHER)


def _obstacles(pair: Pair) -> tuple[Fault, ...]:
    with console_ports(pair) as ports:
        return obstacles_of_audit(ports)


def _moments(certificate: dict[str, Any] | None) -> dict[str, datetime]:
    """Read the moments of a certificate, which its file spells as text."""
    if certificate is None:
        return {}
    return {
        name: datetime.fromisoformat(text) for name, text in (*certificate["since"].items(), ("at", certificate["at"]))
    }


def _read(kept: Certificates, name: str, ending: str) -> bytes:
    try:
        return kept.read(name, ending)
    except LookupError:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such certificate.") from None
