"""What a person sees when a page cannot be shown: the log-in, or one sentence that says why."""

from __future__ import annotations

from typing import cast

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from salesmanago_sync.errors import SyncError
from salesmanago_sync.ui.screens import show

TITLES = {
    status.HTTP_401_UNAUTHORIZED: "Log in first",
    status.HTTP_403_FORBIDDEN: "Not allowed",
    status.HTTP_404_NOT_FOUND: "Not found",
}
FORBIDDEN = "Your Airflow user lacks this right on the DAGs of the sync. Ask your Airflow administrator."


def add_refusals(app: FastAPI) -> None:
    """Have errors shown as pages."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misspelt)
    app.add_exception_handler(SyncError, _failed)


def _refused(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)  # it was added for no other class
    if error.status_code == status.HTTP_401_UNAUTHORIZED and _is_visit(request):
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)), status.HTTP_303_SEE_OTHER)
    text = FORBIDDEN if error.detail == "Forbidden" else str(error.detail)
    return show(request, "refusal.html", code=error.status_code, title=_title(error.status_code), text=text)


def _is_visit(request: Request) -> bool:
    """Whether a person opened the page, not a script or a form that was left open."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _misspelt(request: Request, error: Exception) -> Response:
    text = "The address or the form holds a value that cannot be used."
    return show(request, "refusal.html", code=status.HTTP_400_BAD_REQUEST, title="Cannot be used", text=text)


def _failed(request: Request, error: Exception) -> Response:
    code = status.HTTP_503_SERVICE_UNAVAILABLE
    return show(request, "refusal.html", code=code, title="Something must be corrected first", text=str(error))


def _title(code: int) -> str:
    return TITLES.get(code, "It did not work")
