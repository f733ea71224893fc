"""What a person sees when a page cannot be shown: the log-in, or one sentence that says why."""

from __future__ import annotations

import logging
from typing import cast

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from salesmanago_sync.errors import RetriableError, SyncError
from salesmanago_sync.hooks.failure import unexpected
from salesmanago_sync.ui.asking import TRY_AGAIN_SECONDS
from salesmanago_sync.ui.screens import show

log = logging.getLogger(__name__)

TITLES = {
    status.HTTP_401_UNAUTHORIZED: "Log in first",
    status.HTTP_403_FORBIDDEN: "Not allowed",
    status.HTTP_404_NOT_FOUND: "Not found",
    status.HTTP_503_SERVICE_UNAVAILABLE: "Try again later",
}
UNFORESEEN = "This is a fault of the page. The log of Airflow's API server says where; please report it."
FORBIDDEN = "Your Airflow user lacks this right on the DAGs of the sync. Ask your Airflow administrator."


def add_refusals(app: FastAPI) -> None:
    """Have errors shown as pages."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misspelt)
    app.add_exception_handler(SyncError, _failed)
    app.add_middleware(Unforeseen)


def _refused(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)  # it was added for no other class
    if error.status_code == status.HTTP_401_UNAUTHORIZED and _is_visit(request):
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)), status.HTTP_303_SEE_OTHER)
    text = FORBIDDEN if error.detail == "Forbidden" else str(error.detail)
    page = show(request, "refusal.html", code=error.status_code, title=_title(error.status_code), text=text)
    page.headers.update(error.headers or {})
    return page


def _is_visit(request: Request) -> bool:
    """Whether a person opened the page, not a script or a form that was left open."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _misspelt(request: Request, error: Exception) -> Response:
    text = "The address or the form holds a value that cannot be used."
    return show(request, "refusal.html", code=status.HTTP_400_BAD_REQUEST, title="Cannot be used", text=text)


def _failed(request: Request, error: Exception) -> Response:
    code = status.HTTP_503_SERVICE_UNAVAILABLE
    if not isinstance(error, RetriableError):
        return show(request, "refusal.html", code=code, title="Something must be corrected first", text=str(error))
    page = show(request, "refusal.html", code=code, title="Try again later", text=str(error))
    page.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return page


class Unforeseen:
    """Shows an unforeseen error as a page, and keeps its text from the server's log: it may hold anybody's values."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not go on
            told = unexpected(error)
            if begun:
                raise told from None  # half an answer is out: the server closes the connection
            log.error("%s", told)
            code = status.HTTP_500_INTERNAL_SERVER_ERROR
            page = show(Request(scope), "refusal.html", code=code, title="A fault", text=UNFORESEEN)
            await page(scope, receive, send)


def _title(code: int) -> str:
    return TITLES.get(code, "It did not work")
