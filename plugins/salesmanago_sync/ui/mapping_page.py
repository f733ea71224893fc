"""Mapping settings: every mapping as a table. Read-only: mappings live in Git."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from salesmanago_sync.domain.mapping_files.model import FILES, SOBJECTS
from salesmanago_sync.domain.org.describe import Schema
from salesmanago_sync.domain.org.starter import starter
from salesmanago_sync.overview.mappings import read_overview
from salesmanago_sync.ui.access import VisitorDep
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

router = APIRouter()


@router.get("/mappings")
def mappings(request: Request, visitor: VisitorDep, pair: PairDep) -> HTMLResponse:
    """Show the mappings, compared with the org as it is now."""
    with asking_ports(pair) as ports:
        overview = read_overview(ports)
    return show(request, "mappings.html", visitor, overview=overview, objects=list(SOBJECTS))


@router.get("/mappings/{object}.yaml")
def starter_file(pair: PairDep, object: Literal["Lead", "Contact", "PersonAccount"]) -> Response:
    """Write a first mapping from what the org says of the object."""
    with asking_ports(pair) as ports:
        schema = Schema.from_describe(ports.salesforce.describe(SOBJECTS[object]))
    headers = {"Content-Disposition": f'attachment; filename="{FILES[object]}"'}
    return Response(starter(object, schema), media_type="application/yaml", headers=headers)
