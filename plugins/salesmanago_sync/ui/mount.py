"""The pages as Airflow mounts them.

Every process of Airflow loads its plugins; only the API server ever answers a page. So the pages are built at the first
request, and everything heavy is imported then.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

PREFIX = "/salesmanago"
NAME = "SALESmanago"
# Airflow's navigation cuts what is longer, as the vendor's name.
LABEL = "CRM sync"

# Without a leading slash: Airflow may be served below a path.
VIEW = {
    "name": LABEL,
    "href": f"{PREFIX.removeprefix('/')}/",
    "url_route": "salesmanago",
    "destination": "nav",
    "nav_top_level": True,
    "icon": f"{PREFIX.removeprefix('/')}/static/icon.svg",
    "icon_dark_mode": f"{PREFIX.removeprefix('/')}/static/icon-dark.svg",
}


@cache
def _app() -> FastAPI:
    from salesmanago_sync.ui.app import make_app

    return make_app()


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request."""
    await _app()(scope, receive, send)
