"""What a person sees when a page cannot be shown: the log-in, or one sentence that says why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from salesmanago_sync.errors import QuestionError, RetriableError, SyncError
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
# Addresses of pages end up in logs.
NO_ADDRESS = "Search by id or field. For an e-mail address use Explain."
FORBIDDEN = "Your Airflow user lacks this right on the DAGs of the sync. Ask your Airflow administrator."


def add_refusals(app: FastAPI) -> None:
    """Have errors shown as pages."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misspelt)
    app.add_exception_handler(SyncError, _failed)
    app.add_middleware(Unforeseen, tell=_unforeseen)


def _refused(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)  # it was added for no other class
    if error.status_code == status.HTTP_401_UNAUTHORIZED and _is_visit(request):
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)), status.HTTP_303_SEE_OTHER)
    code, text = error.status_code, told_of(error)
    page = show(request, "refusal.html", code=code, title=title_of(code), text=text)
    page.headers.update(error.headers or {})
    return page


def told_of(error: HTTPException) -> str:
    """Say what an error means to a person."""
    return FORBIDDEN if error.detail == "Forbidden" else str(error.detail)


def title_of(code: int) -> str:
    """Say what a code means, in a few words."""
    return TITLES.get(code, "It did not work")


def _unforeseen(request: Request) -> Response:
    code = status.HTTP_500_INTERNAL_SERVER_ERROR
    return show(request, "refusal.html", code=code, title="A fault", text=UNFORESEEN)


def _is_visit(request: Request) -> bool:
    """Whether a person opened the page, not a script or a form that was left open."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _misspelt(request: Request, error: Exception) -> Response:
    text = "The address or the form holds a value that cannot be used."
    return show(request, "refusal.html", code=status.HTTP_400_BAD_REQUEST, title="Cannot be used", text=text)


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, QuestionError):
        return show(request, "refusal.html", code=status.HTTP_400_BAD_REQUEST, title="Cannot be used", text=str(error))
    code = status.HTTP_503_SERVICE_UNAVAILABLE
    if not isinstance(error, RetriableError):
        return show(request, "refusal.html", code=code, title="Something must be corrected first", text=str(error))
    page = show(request, "refusal.html", code=code, title="Try again later", text=str(error))
    page.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return page


class Unforeseen:
    """Tells of an unforeseen error, and keeps its text from the server's log: it may hold anybody's values.

    Args:
        app: What answers.
        tell: Makes the answer where that failed.
    """

    def __init__(self, app: ASGIApp, tell: Callable[[Request], Response]) -> None:
        self._app, self._tell = app, tell

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
            await self._tell(Request(scope))(scope, receive, send)
