"""The app behind the page "SALESmanago": its routes, and what holds for all of them."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from salesmanago_sync.ui import (
    certificate_page,
    doctor_page,
    explain_page,
    files,
    force_page,
    issues_page,
    mapping_page,
    person_page,
    plan_page,
    probe_page,
    status_page,
    undo_page,
    watermark_page,
    workbench_page,
)
from salesmanago_sync.ui.access import MAY_READ
from salesmanago_sync.ui.api.app import make_api
from salesmanago_sync.ui.headers import SecureHeaders
from salesmanago_sync.ui.pairs import OfPair
from salesmanago_sync.ui.refusals import add_refusals


def make_app() -> FastAPI:
    """Make the app; every route of it needs the right to read the runs, and some need more."""
    app = FastAPI(
        title="SALESmanago sync",
        dependencies=[Depends(MAY_READ)],
        # These three would answer everybody.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    for page in (
        status_page,
        force_page,
        issues_page,
        plan_page,
        explain_page,
        person_page,
        certificate_page,
        mapping_page,
        doctor_page,
        probe_page,
        undo_page,
        watermark_page,
        workbench_page,
        files,
    ):
        app.include_router(page.router)
    app.mount("/api", make_api())
    add_refusals(app)
    app.add_middleware(OfPair)
    app.add_middleware(SecureHeaders)  # around everything, pages about faults too
    return app
