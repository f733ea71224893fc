"""Problems: errors of JSON routes, as RFC 9457 has them, in the words of the pages and commands."""

from __future__ import annotations

import json
from typing import Any, cast

from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from salesmanago_sync.actions.rows import faults_of
from salesmanago_sync.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    Fault,
    QuestionError,
    RetriableError,
    SyncError,
    UnknownError,
)
from salesmanago_sync.ui.asking import TRY_AGAIN_SECONDS
from salesmanago_sync.ui.refusals import UNFORESEEN, Unforeseen, title_of, told_of

MEDIA = "application/problem+json"
DESCRIBED = "The document openapi.json, beside these routes, describes what they take."


class FaultLine(BaseModel):
    """One thing that is wrong.

    Attributes:
        where: The name of what was asked, the setting, or the place in a file.
        what: What is wrong.
        fix: What to do about it, with the valid choices.
    """

    where: str
    what: str
    fix: str


class ProblemDocument(BaseModel):
    """Why a request was not done.

    Attributes:
        title: In a few words.
        status: The status of the answer.
        detail: In a sentence or more.
        faults: Everything that is wrong, one by one, where that is known.
    """

    title: str
    status: int
    detail: str
    faults: list[FaultLine] = []


class AsciiJson(JSONResponse):
    """JSON in ASCII: half a character, which a service may send, has no other spelling."""

    def render(self, content: Any) -> bytes:
        """Spell an answer."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


WHEN = {
    status.HTTP_400_BAD_REQUEST: "What was asked cannot be done so: the faults name what can.",
    status.HTTP_401_UNAUTHORIZED: "There is no token, or it is too old.",
    status.HTTP_403_FORBIDDEN: "The user lacks a right, or the request may come from another site.",
    status.HTTP_404_NOT_FOUND: "What was named is not there.",
    status.HTTP_409_CONFLICT: "Something else must be corrected or must end first.",
    status.HTTP_422_UNPROCESSABLE_CONTENT: "The question has not the form that is described here.",
    status.HTTP_503_SERVICE_UNAVAILABLE: "A service does not answer, or too many ask it just now.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": ProblemDocument, "description": text} for code, text in WHEN.items()
}


def name_media(document: dict[str, Any]) -> dict[str, Any]:
    """Say in the document of what type a problem is: FastAPI takes every answer for plain JSON."""
    for path in document["paths"].values():
        for operation in path.values():
            for code, answer in operation["responses"].items():
                if int(code) in WHEN and "content" in answer:
                    answer["content"] = {MEDIA: next(iter(answer["content"].values()))}
    return document


def add_problems(api: FastAPI) -> None:
    """Have errors answered as problems."""
    api.add_exception_handler(HTTPException, _refused)
    api.add_exception_handler(RequestValidationError, _misspelt)
    api.add_exception_handler(SyncError, _failed)
    api.add_middleware(Unforeseen, tell=_unforeseen)


def _refused(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)  # it was added for no other class
    return _problem(error.status_code, told_of(error), headers=dict(error.headers or {}))


def _misspelt(request: Request, error: Exception) -> Response:
    error = cast("RequestValidationError", error)
    faults = [Fault(_name(fault), fault.what, DESCRIBED) for fault in faults_of(error.errors())]
    return _problem(status.HTTP_422_UNPROCESSABLE_CONTENT, "The question has not the form that is described.", faults)


def _name(fault: Fault) -> str:
    """Leave out where FastAPI looked for a value."""
    return str(fault.where).partition(".")[2] or str(fault.where)


def _failed(request: Request, error: Exception) -> Response:
    error = cast("SyncError", error)
    faults = list(error.faults) if isinstance(error, ConfigurationError) else []
    headers = {"Retry-After": str(TRY_AGAIN_SECONDS)} if isinstance(error, RetriableError) else {}
    return _problem(_code(error), str(error), faults, headers)


def _code(error: SyncError) -> int:
    if isinstance(error, UnknownError):
        return status.HTTP_404_NOT_FOUND
    if isinstance(error, QuestionError):
        return status.HTTP_400_BAD_REQUEST
    stands_in_the_way = isinstance(error, (ConfigurationError, FatalError)) and not isinstance(
        error, AuthenticationError
    )
    return status.HTTP_409_CONFLICT if stands_in_the_way else status.HTTP_503_SERVICE_UNAVAILABLE


def _unforeseen(request: Request) -> Response:
    return _problem(status.HTTP_500_INTERNAL_SERVER_ERROR, UNFORESEEN)


def _problem(
    code: int, detail: str, faults: list[Fault] | None = None, headers: dict[str, str] | None = None
) -> Response:
    lines = [FaultLine(where=str(fault.where), what=fault.what, fix=fault.fix) for fault in faults or []]
    problem = ProblemDocument(title=title_of(code), status=code, detail=detail, faults=lines)
    return AsciiJson(problem.model_dump(), code, headers, MEDIA)
