"""Certificate: what the newest audit found, and the files of every audit."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse, Response

from salesmanago_sync.hooks.certificates import Certificates
from salesmanago_sync.hooks.ports import certificates_root
from salesmanago_sync.hooks.schedule import AUDIT, is_paused, start_run, unpause
from salesmanago_sync.settings import load_settings
from salesmanago_sync.ui.access import MAY_AUDIT, MAY_SEE_PEOPLE, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.screens import show

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)])
MEDIA = {"json": "application/json", "html": "text/html"}
OFFERED = 50


@router.get("/certificate")
def certificate(
    request: Request, visitor: VisitorDep, name: Annotated[str, Query(max_length=80)] = "", started: bool = False
) -> HTMLResponse:
    """Show a certificate, or the newest one."""
    kept = Certificates(certificates_root(load_settings()))
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
        started=started,
        paused=is_paused(AUDIT),
    )


@router.get("/certificate/{name}.{ending}")
def file(name: str, ending: Literal["json", "html"]) -> Response:
    """Send a file of a certificate."""
    content = _read(Certificates(certificates_root(load_settings())), name, ending)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(content, media_type=MEDIA[ending], headers=headers)


@router.post("/certificate", dependencies=[Depends(MAY_AUDIT), Depends(same_site)])
def audit(
    request: Request,
    visitor: VisitorDep,
    repair: Annotated[bool, Form()] = False,
    switch_on: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Start an audit."""
    paused = is_paused(AUDIT)
    if paused is None:
        raise HTTPException(status.HTTP_409_CONFLICT, f"Airflow has not read the DAG {AUDIT} yet.")
    if paused and not (switch_on and visitor.may_edit):
        raise HTTPException(status.HTTP_409_CONFLICT, f"The DAG {AUDIT} is paused: the run would never start.")
    if paused:
        unpause(AUDIT)
    start_run(AUDIT, {"repair": True} if repair else {}, visitor.name)
    return RedirectResponse(f"{request.scope['root_path']}/certificate?started=true", status.HTTP_303_SEE_OTHER)


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
