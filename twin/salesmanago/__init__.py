"""The twin's SALESmanago: the contact API over HTTP, on SQLite."""

from __future__ import annotations

from starlette.routing import Route

from twin.salesmanago import consents, jobs, monitoring, reading, tasks, writing
from twin.salesmanago.api import api_routes
from twin.salesmanago.pages import page_route
from twin.salesmanago.store import Contacts, create_tables
from twin.state import State

__all__ = ["Contacts", "create_tables", "routes"]

METHODS = (*reading.METHODS, *writing.METHODS, *consents.METHODS, *tasks.METHODS, *monitoring.METHODS, *jobs.METHODS)


def routes(state: State) -> list[Route]:
    """Return the routes of the contact API, of its files and of the landing page."""
    return [*api_routes(state, METHODS), jobs.file_route(state), page_route(state)]
