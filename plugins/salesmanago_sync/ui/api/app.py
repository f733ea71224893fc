"""The app of the JSON routes, below `/api` of the pages, and the document that describes it."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI, Request

from salesmanago_sync.ui.access import MAY_READ
from salesmanago_sync.ui.api import issues, people, runs, settings, start
from salesmanago_sync.ui.api.problems import PROBLEMS, AsciiJson, add_problems, name_media

DESCRIPTION = (
    "What `airflow salesmanago` does, for those who have no shell. Each route needs the rights of its page; the rows "
    "are those that the command prints with `--output json`. A token comes from Airflow's own API."
)


def make_api() -> FastAPI:
    """Make the app; every route of it needs the right to read the runs, and some need more."""
    api = FastAPI(
        title="SALESmanago sync",
        description=DESCRIPTION,
        version="1",
        dependencies=[Depends(MAY_READ)],
        default_response_class=AsciiJson,
        responses=PROBLEMS,
        # These three would answer everybody.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    for part in (runs, issues, people, start, settings):
        api.include_router(part.router)

    @api.get("/openapi.json", include_in_schema=False)
    def document(request: Request) -> dict[str, Any]:
        """Describe every route."""
        return {**name_media(api.openapi()), "servers": [{"url": request.scope["root_path"]}]}

    add_problems(api)
    return api
